import assert from 'node:assert/strict';
import type { JsonObject } from '../../src/core/json.ts';
import { askFront, type FrontQuestion } from './ask-front.ts';
import { bytes } from './bytes.ts';
import type { FrontWorld } from './front-world.ts';

/** A user of a real Copse behind a real front. */
export class Visitor {
  readonly #world: FrontWorld;
  #token = '';
  #id = '';

  private constructor(world: FrontWorld) {
    this.#world = world;
  }

  static async register(world: FrontWorld, username: string): Promise<Visitor> {
    const visitor = new Visitor(world);
    const body = { username, password: 'a long password', auth: { type: 'm.login.dummy' } };
    const made = await visitor.ok('POST', '/_matrix/client/v3/register', body);
    visitor.#token = String(made.access_token);
    visitor.#id = String(made.user_id);
    return visitor;
  }

  get id(): string {
    return this.#id;
  }

  ask(question: FrontQuestion) {
    const headers = this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` };
    return askFront(this.#world, { ...question, headers: { ...headers, ...question.headers } });
  }

  async ok(method: string, path: string, body?: JsonObject): Promise<JsonObject> {
    const answer = await this.ask({ method, path, ...(body && { body: JSON.stringify(body) }) });
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
    return JSON.parse(answer.text) as JsonObject;
  }

  /** Syncs until an answer shows it: the position after that. */
  async until(what: RegExp, since: string): Promise<string> {
    for (let at = since; ; ) {
      const answer = await this.ok('GET', `/_matrix/client/v3/sync?timeout=10000&since=${at}`);
      assert.notEqual(answer.next_batch, at, `nothing more comes, and ${what} did not`);
      at = String(answer.next_batch);
      if (what.test(JSON.stringify(answer))) return at;
    }
  }

  async upload(size: number): Promise<{ status: number; said: JsonObject }> {
    const headers = { 'content-length': String(size), 'content-type': 'application/octet-stream' };
    const path = '/_matrix/media/v3/upload?filename=a%2Fb';
    const { status, text } = await this.ask({ method: 'POST', path, headers, body: bytes(size) });
    return { status, said: JSON.parse(text) as JsonObject };
  }
}
