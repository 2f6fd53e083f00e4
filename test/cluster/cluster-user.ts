import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { getArray, getObject, type JsonObject } from '../../src/core/json.ts';

/** A process that does not answer for so long is left for another one, as a proxy in front would. */
const PATIENCE_MS = 4000;
const PAUSE_MS = 100;
const MOST_TRIES = 300;
const MOST_OF_PATH = 60;

/** Where requests go: a process, or what stands in front of several. */
export interface Door {
  readonly url: string;
}

/** A user who goes on at the next process when one does not answer. */
export class ClusterUser {
  readonly #processes: readonly Door[];
  #at: number;
  #token = '';
  id = '';
  /** How often an answer was not had at once. */
  retries = 0;
  /** What was had instead, the last time. */
  trouble = '';
  #hasLeft = false;

  constructor(processes: readonly Door[], at: number) {
    this.#processes = processes;
    this.#at = at;
  }

  static async register(processes: readonly Door[], at: number, username: string): Promise<ClusterUser> {
    const user = new ClusterUser(processes, at);
    const auth = { type: 'm.login.dummy' };
    const made = await user.ok('POST', '/v3/register', { username, password: 'a long password', auth });
    user.#token = String(made.access_token);
    user.id = String(made.user_id);
    return user;
  }

  /** Somebody who has an account. */
  static async login(processes: readonly Door[], username: string, password: string): Promise<ClusterUser> {
    const user = new ClusterUser(processes, 0);
    const identifier = { type: 'm.id.user', user: username };
    const session = await user.ok('POST', '/v3/login', { type: 'm.login.password', identifier, password });
    user.#token = String(session.access_token);
    user.id = String(session.user_id);
    return user;
  }

  /** The same session at another process. */
  elsewhere(at: number): ClusterUser {
    const user = new ClusterUser(this.#processes, at);
    user.#token = this.#token;
    user.id = this.id;
    return user;
  }

  /** Tries until there is an answer: whoever is killed or sleeps is left, and an error of the server is waited for. */
  async ok(method: string, path: string, body?: JsonObject, patience = PATIENCE_MS): Promise<JsonObject> {
    for (let tries = 0; tries < MOST_TRIES && !this.#hasLeft; tries++) {
      const reply = await this.#once(method, path, body, patience);
      if (reply !== undefined && reply.status < 500 && reply.status !== 429) {
        assert.equal(reply.status, 200, `${method} ${path}: ${JSON.stringify(reply.body)}`);
        return reply.body;
      }
      this.#at++;
      this.retries++;
      this.trouble = `${method} ${path.slice(0, MOST_OF_PATH)}: ${reply === undefined ? 'silence' : `${reply.status} ${JSON.stringify(reply.body)}`}`;
      await wait(PAUSE_MS);
    }
    throw new Error(`${method} ${path} was never answered`);
  }

  /** What is under way is not tried again. */
  leave(): void {
    this.#hasLeft = true;
  }

  async #once(method: string, path: string, body: JsonObject | undefined, patience: number) {
    const server = this.#processes[this.#at % this.#processes.length];
    try {
      const response = await fetch(`${server?.url}/_matrix/client${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
        signal: AbortSignal.timeout(patience),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as JsonObject };
    } catch {
      return undefined;
    }
  }
}

/** The events of a room's timeline in an answer to `/sync`. */
export function timelineOf(answer: JsonObject, room: string): readonly JsonObject[] {
  const joined = getObject(getObject(getObject(answer, 'rooms') ?? {}, 'join') ?? {}, room) ?? {};
  return (getArray(getObject(joined, 'timeline') ?? {}, 'events') ?? []) as readonly JsonObject[];
}

/** What passes in a room, in an answer to `/sync`. */
export function ephemeralOf(answer: JsonObject, room: string): readonly JsonObject[] {
  const joined = getObject(getObject(getObject(answer, 'rooms') ?? {}, 'join') ?? {}, room) ?? {};
  return (getArray(getObject(joined, 'ephemeral') ?? {}, 'events') ?? []) as readonly JsonObject[];
}
