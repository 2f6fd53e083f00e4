import type { Identity } from '../../core/identity.ts';
import type { ServerName } from '../../core/ids.ts';
import { getObject, isObject, type Json, JsonError, type JsonObject } from '../../core/json.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import type { Parcel } from './parcel.ts';

export interface TransmitParts {
  readonly identity: Identity;
  readonly client: Pick<FederationClient, 'request'>;
}

export type Outcome =
  /** `errors`: by event ID why it was not taken. It is not sent again. */
  | { readonly result: 'delivered'; readonly errors: ReadonlyMap<string, string> }
  /** What is in it is to blame. */
  | { readonly result: 'refused'; readonly reason: string }
  | {
      readonly result: 'later';
      readonly reason: string;
      readonly retryAfterMs?: number;
      readonly isServerError: boolean;
    };

export interface Sending {
  readonly server: ServerName;
  readonly txnId: string;
  /** When this transaction was made first. */
  readonly ts: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Errors of one answer that are looked at. */
const MOST_ERRORS = 100;

/** `PUT /send/{txnId}` (server-server API, "Transactions"). @throws the reason of the signal */
export async function transmit(
  { identity, client }: TransmitParts,
  parcel: Pick<Parcel, 'events' | 'edus' | 'fleeting'>,
  { server, txnId, ts, timeoutMs, signal }: Sending,
): Promise<Outcome> {
  const edus = [...parcel.edus, ...parcel.fleeting];
  const pdus = parcel.events.map(event => event.pdu);
  const body: JsonObject = {
    origin: identity.serverName,
    origin_server_ts: ts,
    pdus,
    ...(edus.length === 0 ? {} : { edus }),
  };
  try {
    const answer = await client.request(server, {
      method: 'PUT',
      path: path`/_matrix/federation/v1/send/${txnId}`,
      body,
      timeoutMs,
      signal,
    });
    return { result: 'delivered', errors: errorsIn(answer) };
  } catch (error) {
    return outcomeOf(error);
  }
}

function errorsIn(answer: Json): Map<string, string> {
  const results = isObject(answer) ? getObject(answer, 'pdus') : undefined;
  const errors = new Map<string, string>();
  for (const [id, result] of Object.entries(results ?? {}).slice(0, MOST_ERRORS)) {
    const error = isObject(result) ? result.error : undefined;
    if (error !== undefined) errors.set(id.slice(0, 255), String(error).slice(0, 500));
  }
  return errors;
}

function outcomeOf(error: unknown): Outcome {
  // Numbers that the signature of a request cannot cover, in an event of an old room version.
  if (error instanceof JsonError) return { result: 'refused', reason: error.message };
  if (error instanceof UnreachableError) return { result: 'later', reason: error.message, isServerError: false };
  if (!(error instanceof RefusedError)) throw error;
  const { status, errcode, message: reason, retryAfterMs } = error;
  // A page of a proxy with status 400 is about the connection; with 413 it is about the size.
  if (status === 413 || (status === 400 && errcode !== undefined)) return { result: 'refused', reason };
  const isServerError = status >= 500 && (status < 502 || status > 504);
  return { result: 'later', reason, isServerError, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
