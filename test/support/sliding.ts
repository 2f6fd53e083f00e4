import assert from 'node:assert/strict';
import type { JsonObject } from '../../src/core/json.ts';
import type { Answer } from './http.ts';
import type { ClientEventJson } from './sync.ts';

export interface SlidingRoom {
  readonly initial?: boolean;
  readonly membership?: string;
  readonly name?: string | null;
  readonly avatar?: string | null;
  readonly heroes?: readonly { readonly user_id: string; readonly displayname?: string }[];
  readonly is_dm?: boolean;
  readonly bump_stamp?: number;
  readonly required_state?: readonly ClientEventJson[];
  readonly timeline?: readonly ClientEventJson[];
  readonly invite_state?: readonly ClientEventJson[];
  readonly stripped_state?: readonly ClientEventJson[];
  readonly limited?: boolean;
  readonly num_live?: number;
  readonly prev_batch?: string;
  readonly expanded_timeline?: boolean;
  readonly unstable_expanded_timeline?: boolean;
  readonly joined_count?: number;
  readonly invited_count?: number;
  readonly notification_count?: number;
  readonly highlight_count?: number;
}

export interface SlidingAnswer {
  readonly pos: string;
  readonly lists?: Readonly<Record<string, { readonly count: number }>>;
  readonly rooms: Readonly<Record<string, SlidingRoom>>;
  readonly extensions: {
    readonly to_device?: { readonly next_batch: string; readonly events: readonly JsonObject[] };
    readonly e2ee?: JsonObject & {
      readonly device_lists?: { readonly changed: readonly string[]; readonly left: readonly string[] };
    };
    readonly account_data?: {
      readonly global?: readonly { readonly type: string; readonly content: JsonObject }[];
      readonly rooms?: Readonly<Record<string, readonly { readonly type: string }[]>>;
    };
    readonly receipts?: { readonly rooms?: Readonly<Record<string, { readonly content: JsonObject }>> };
    readonly typing?: { readonly rooms?: Readonly<Record<string, { readonly content: JsonObject }>> };
  };
}

const PATH = '/unstable/org.matrix.simplified_msc3575/sync';

/** Endpoints, or a server. */
export interface SlidingServer {
  post(token: string, path: string, body: JsonObject): Promise<Answer>;
}

/** One connection of a client of sliding sync. */
export class SlidingConnection {
  readonly #api: SlidingServer;
  readonly #token: string;
  readonly #connId: string | undefined;
  /** Where it is; undefined at the beginning. */
  pos: string | undefined;

  constructor(api: SlidingServer, token: string, connId?: string) {
    this.#api = api;
    this.#token = token;
    this.#connId = connId;
  }

  /** Asks without moving on. */
  request(body: JsonObject, query = '') {
    const pos = this.pos === undefined ? '' : `&pos=${encodeURIComponent(this.pos)}`;
    const conn = this.#connId === undefined ? {} : { conn_id: this.#connId };
    return this.#api.post(this.#token, `${PATH}?${query}${pos}`, { ...conn, ...body });
  }

  async peek(body: JsonObject, query = ''): Promise<SlidingAnswer> {
    const answer = await this.request(body, query);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body as unknown as SlidingAnswer;
  }

  async sync(body: JsonObject, query = ''): Promise<SlidingAnswer> {
    const answer = await this.peek(body, query);
    this.pos = answer.pos;
    return answer;
  }
}

/** A list of the first rooms; `count` undefined: of all. */
export function firstRooms(count: number | undefined, more: JsonObject = {}): JsonObject {
  const ranges = count === undefined ? {} : { ranges: [[0, count - 1]] };
  return { lists: { rooms: { ...ranges, timeline_limit: 1, required_state: [], ...more } } };
}

export function bodies({ timeline = [] }: SlidingRoom = {}): unknown[] {
  return timeline.map(event => event.content.body);
}

export function states({ required_state = [] }: SlidingRoom = {}): string[] {
  return required_state.map(event => `${event.type} ${event.state_key}`.trim()).sort();
}
