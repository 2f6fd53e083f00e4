import { isIPv6 } from 'node:net';
import { ForbiddenAddressError } from '../../../base/address-guard.ts';
import { getString, isObject, type Json } from '../../../core/json.ts';
import type { Target } from '../../transport/discovery.ts';
import { reasonOf } from '../../transport/errors.ts';
import { isWorking } from '../checks/reading.ts';
import type { AnswerFacts, PlaceFacts } from '../facts.ts';
import {
  ask,
  ConnectionError,
  type ConnectionParts,
  certificateOf,
  openConnection,
  type PlainRequest,
} from './probe-connection.ts';
import { twice } from './twice.ts';

/** Whom to greet at an address: what stands in `Host`, and what the certificate must be for. */
export interface Addressee {
  readonly host: string;
  readonly certName: string;
}

const MOST_PLACES = 8;
const LONGEST_TEXT = 100;
const ANSWER_MS = 8000;
/** Much more than fits into the packets that any way takes, and little to send. */
const LARGE_BYTES = 64 * 1024;
const VERSION = '/_matrix/federation/v1/version';
/** Refused for its missing signature, once it is there. */
const NOWHERE = '/_matrix/federation/v1/send/doctor';

/** What a full transaction may have, and what a proxy takes whose limit nobody has set. */
const TRANSFER_BYTES = 1_000_000;
const TRANSFER_MS = 12_000;

/**
 * Every address of a server, each alone: connection, TLS, a small and a large request. `withTransfer`: a megabyte more to
 * one address of each family.
 */
export async function gatherPlaces(
  parts: ConnectionParts,
  targets: readonly Target[],
  to: Addressee,
  { withTransfer }: { readonly withTransfer: boolean },
): Promise<PlaceFacts[]> {
  const looks = targets
    .slice(0, MOST_PLACES)
    .map(target => twice(parts.clock, () => place(parts, target, to), isEnough));
  const places = await Promise.all(looks);
  return withTransfer ? withTransfers(parts, places, to) : places;
}

/** One family after the other: side by side the slower one would wait for the other. */
async function withTransfers(
  parts: ConnectionParts,
  places: readonly PlaceFacts[],
  to: Addressee,
): Promise<PlaceFacts[]> {
  const chosen = [4, 6].map(family => places.find(place => place.family === family && takesLarge(place)));
  const sent = new Map<PlaceFacts, AnswerFacts>();
  for (const place of chosen) {
    if (place === undefined) continue;
    const { address, port } = place;
    sent.set(place, await large(parts, { address, port }, to, { bytes: TRANSFER_BYTES, timeoutMs: TRANSFER_MS }));
  }
  return places.map(place => {
    const answer = sent.get(place);
    return answer === undefined ? place : { ...place, answers: [...place.answers, answer] };
  });
}

/** What does not take much takes no more. */
function takesLarge(place: PlaceFacts): boolean {
  return isWorking(place) && place.answers.some(({ sent, status }) => sent >= LARGE_BYTES && status !== null);
}

/** Whoever was silent for so long was asked several times already, by TCP itself. */
const LONG_MS = 5000;
/** Answers that come out of somebody's cache carry the time of long ago. */
const SKEW_MS = 60_000;

/** Whether another look could show nothing else. */
function isEnough(place: PlaceFacts, tookMs: number): boolean {
  if (place.reached === 'policy' || place.certificate?.distrust != null) return true;
  if (place.reached === 'nothing' || place.reached === 'connect') return tookMs >= LONG_MS;
  const isLate = ({ date, at }: AnswerFacts) => date !== null && Math.abs(date - at) > SKEW_MS;
  return isWorking(place) && !place.answers.some(isLate);
}

async function place(parts: ConnectionParts, target: Target, to: Addressee): Promise<PlaceFacts> {
  const seen = {
    ...target,
    family: isIPv6(target.address) ? 6 : 4,
    certificate: null,
    connectMs: null,
    tlsMs: null,
    answers: [],
  };
  try {
    const { socket, connectMs, tlsMs } = await openConnection(parts, target, to.certName);
    const found = { ...seen, connectMs, tlsMs, certificate: certificateOf(parts, socket, to.certName) };
    const small = await answerTo(
      parts,
      { ...to, target, socket },
      { method: 'GET', path: VERSION, timeoutMs: ANSWER_MS },
    );
    if (small.status === null) return { ...found, reached: 'tls', error: small.error, answers: [small] };
    const answers = small.status === 200 ? [small, await large(parts, target, to)] : [small];
    return { ...found, reached: 'http', error: null, answers };
  } catch (error) {
    if (error instanceof ForbiddenAddressError) return { ...seen, reached: 'policy', error: error.message };
    if (!(error instanceof ConnectionError)) throw error;
    const { connectMs = null } = error;
    if (connectMs === null) return { ...seen, reached: 'nothing', error: error.message };
    const smallHello = await passesSmall(parts, target, to);
    return { ...seen, reached: 'connect', connectMs, error: error.message, smallHello };
  }
}

/** Whether TLS passes where its first message is small. */
async function passesSmall(parts: ConnectionParts, target: Target, { certName }: Addressee): Promise<boolean> {
  try {
    const { socket } = await openConnection(parts, target, certName, { isSmall: true });
    socket.destroy();
    return true;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return false;
  }
}

/** What is not answered at all is sent again. */
function large(
  parts: ConnectionParts,
  target: Target,
  to: Addressee,
  { bytes, timeoutMs } = { bytes: LARGE_BYTES, timeoutMs: ANSWER_MS },
): Promise<AnswerFacts> {
  const body = Buffer.from(JSON.stringify({ pdus: [], padding: 'x'.repeat(bytes) }));
  const sent = { method: 'PUT', path: NOWHERE, body, timeoutMs };
  return twice(
    parts.clock,
    () => answerTo(parts, { ...to, target }, sent),
    ({ status }) => status !== null,
  );
}

export interface Way extends Addressee {
  readonly target: Target;
  /** Where there is one already. */
  readonly socket?: Awaited<ReturnType<typeof openConnection>>['socket'];
}

/** What came of one request; never throws. */
export async function answerTo(
  parts: ConnectionParts,
  way: Way,
  sent: Omit<PlainRequest, 'host'>,
): Promise<AnswerFacts> {
  const began = parts.clock.monotonic();
  const facts = { request: `${sent.method} ${sent.path}`, sent: sent.body?.length ?? 0 };
  const timed = () => ({ at: parts.clock.now(), took: parts.clock.monotonic() - began });
  try {
    const socket = way.socket ?? (await openConnection(parts, way.target, way.certName)).socket;
    const { status, date, software, body } = await ask(parts, socket, { ...sent, host: way.host });
    const json = jsonOf(body);
    const errcode = isObject(json) ? (getString(json, 'errcode') ?? null) : null;
    const time = Date.parse(date ?? '');
    return {
      ...facts,
      ...timed(),
      status,
      errcode,
      isJson: isObject(json),
      date: Number.isNaN(time) ? null : time,
      error: null,
      software: software?.slice(0, LONGEST_TEXT) ?? null,
    };
  } catch (error) {
    return { ...facts, ...timed(), status: null, errcode: null, isJson: false, date: null, error: reasonOf(error) };
  }
}

export function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
