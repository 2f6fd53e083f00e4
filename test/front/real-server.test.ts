import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { JsonObject } from '../../src/core/json.ts';
import { startServer } from '../support/running-server.ts';
import { askFront, type FrontQuestion } from './ask-front.ts';
import { bytes, MIB } from './bytes.ts';
import { FrontWorld } from './front-world.ts';
import { needs, PROGRAMS, type ProgramName } from './programs.ts';

/** A user of a real Copse behind a real front. */
class Visitor {
  readonly #world: FrontWorld;
  #token = '';

  private constructor(world: FrontWorld) {
    this.#world = world;
  }

  static async open(t: TestContext, program: ProgramName): Promise<Visitor> {
    const server = await startServer();
    t.after(() => server.stop());
    const address = new URL(server.url).host;
    const visitor = new Visitor(await FrontWorld.open(t, program, [{ recorder: { name: 'copse', address } }]));
    const body = { username: 'ann', password: 'a long password', auth: { type: 'm.login.dummy' } };
    visitor.#token = String((await visitor.ok('POST', '/_matrix/client/v3/register', body)).access_token);
    return visitor;
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

  async upload(size: number): Promise<{ status: number; said: JsonObject }> {
    const headers = { 'content-length': String(size), 'content-type': 'application/octet-stream' };
    const path = '/_matrix/media/v3/upload?filename=a%2Fb';
    const { status, text } = await this.ask({ method: 'POST', path, headers, body: bytes(size) });
    return { status, said: JSON.parse(text) as JsonObject };
  }
}

for (const program of PROGRAMS) {
  test(
    `${program}: a real Copse behind it: a room, a long poll, and paths as clients write them`,
    needs(program),
    async t => {
      const ann = await Visitor.open(t, program);
      const { room_id: roomId } = await ann.ok('POST', '/_matrix/client/v3/createRoom', {});
      const room = `/_matrix/client/v3/rooms/${encodeURIComponent(String(roomId))}`;
      await ann.ok('PUT', `${room}/state/org.example%2Fslash/a%2Fb+c%20d`, { is: 'here' });
      const plain = room.replace('%3A', ':').replace('!', '%21');
      assert.deepEqual(await ann.ok('GET', `${plain}/state/org.example%2Fslash/a%2Fb+c%20d`), { is: 'here' });
      const { next_batch: since } = await ann.ok('GET', '/_matrix/client/v3/sync');
      const began = performance.now();
      const poll = ann.ok('GET', `/_matrix/client/v3/sync?timeout=30000&since=${since}`);
      await wait(500);
      await ann.ok('PUT', `${room}/send/m.room.message/1`, { msgtype: 'm.text', body: 'hello' });
      assert.match(JSON.stringify(await poll), /"hello"/);
      assert.ok(performance.now() - began < 20_000);
      const unknown = await ann.ask({ path: '/_matrix/client/v9/none' });
      assert.deepEqual([unknown.status, JSON.parse(unknown.text).errcode], [404, 'M_UNRECOGNIZED']);
    },
  );

  test(`${program}: 49 MB are uploaded and come back, 51 MB are refused in JSON`, needs(program), async t => {
    const ann = await Visitor.open(t, program);
    const size = 49 * MIB;
    const { status, said } = await ann.upload(size);
    assert.equal(status, 200, JSON.stringify(said));
    const [, path = ''] = /^mxc:\/(.*)$/.exec(String(said.content_uri)) ?? [];
    const back = await ann.ask({ path: `/_matrix/client/v1/media/download${path}` });
    assert.deepEqual([back.status, back.headers['content-length'], back.text.length], [200, String(size), size]);
    const large = await ann.upload(51 * MIB);
    assert.deepEqual([large.status, large.said.errcode], [413, 'M_TOO_LARGE']);
  });
}
