import { isServerName, type ServerName } from '../../core/ids.ts';
import { type Json, JsonError, type JsonMode, parseJson } from '../../core/json.ts';
import { type JsonPiece, JsonSplitter } from '../../core/json-splitter.ts';
import type { RoomVersion } from '../../core/room-versions.ts';
import { BadAnswerError } from '../membership/remote-error.ts';
import type { ToldEvent } from './state-intake.ts';

/** An event has 64 KiB in canonical JSON; with every character escaped six times that. */
const LARGEST_PIECE = 400 * 1024;
const MOST_EVENTS = 1_000_000;
const MOST_SERVERS = 20_000;

/** What takes the events of an answer. */
export interface EventSink {
  /** Resolves when there is room for the next. */
  add(told: ToldEvent): Promise<void>;
  /** An event that is no JSON, or longer than any may be. */
  refuse(reason: string): void;
}

/** What stands in an answer besides the events. */
export interface JoinAnswerHead {
  /** The join with the signatures of others, where it came. */
  readonly event: Json | undefined;
  readonly membersOmitted: boolean;
  readonly servers: readonly ServerName[];
}

/**
 * Reads the answer of `send_join` as it comes: its events one by one, so that it may be of any length.
 *
 * @throws BadAnswerError, UnreachableError, and what the sink throws
 */
export async function readJoinAnswer(
  server: ServerName,
  body: AsyncIterable<Uint8Array>,
  version: RoomVersion,
  sink: EventSink,
): Promise<JoinAnswerHead> {
  const servers: ServerName[] = [];
  let event: Json | undefined;
  let membersOmitted = false;
  await readToldEvents(server, body, version, sink, {
    state: 'state',
    elements: ['servers_in_room'],
    other({ key, isElement, bytes }, mode) {
      if (bytes === undefined) return;
      if (isElement) addServer(servers, bytes);
      else if (key === 'event') event = parseJson(bytes, mode);
      else if (key === 'members_omitted') membersOmitted = parseJson(bytes, mode) === true;
    },
  });
  return { event, membersOmitted, servers };
}

export interface ToldLayout {
  /** The key of the array with the state; that of its auth chain is the same everywhere. */
  readonly state: string;
  /** Further arrays. */
  readonly elements?: readonly string[];
  /** Takes what is no event. */
  readonly other?: (piece: JsonPiece, mode: JsonMode) => void;
}

/** Reads an answer with a state and its auth chain as it comes. @throws as `readJoinAnswer` */
export async function readToldEvents(
  server: ServerName,
  body: AsyncIterable<Uint8Array>,
  { strictJson }: RoomVersion,
  sink: EventSink,
  { state, elements = [], other = () => undefined }: ToldLayout,
): Promise<void> {
  const splitter = new JsonSplitter({ arrays: new Set([state, 'auth_chain', ...elements]), maxBytes: LARGEST_PIECE });
  const mode = strictJson ? 'strict' : 'lenient';
  let count = 0;
  try {
    for await (const chunk of body) {
      for (const piece of splitter.push(chunk)) {
        const { key, isElement, bytes } = piece;
        if (!isElement || (key !== state && key !== 'auth_chain')) {
          other(piece, mode);
          continue;
        }
        if (++count > MOST_EVENTS) throw new BadAnswerError(server, `it has more than ${MOST_EVENTS} events`);
        const pdu = eventIn(bytes, mode, sink);
        if (pdu !== undefined) await sink.add({ pdu, isState: key === state, bytes: bytes?.length ?? 0 });
      }
    }
    splitter.end();
  } catch (error) {
    if (error instanceof JsonError) throw new BadAnswerError(server, error.message, error);
    throw error;
  }
}

/** One event that cannot be read is no reason to refuse the others. */
function eventIn(bytes: Uint8Array | undefined, mode: 'strict' | 'lenient', sink: EventSink): Json | undefined {
  if (bytes === undefined) {
    sink.refuse('it is longer than an event may be');
    return undefined;
  }
  try {
    return parseJson(bytes, mode);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    sink.refuse(error.message);
    return undefined;
  }
}

function addServer(servers: ServerName[], bytes: Uint8Array): void {
  if (bytes.length > 300 || servers.length >= MOST_SERVERS) return;
  const name = parseJson(bytes, 'lenient');
  if (typeof name === 'string' && isServerName(name)) servers.push(name);
}
