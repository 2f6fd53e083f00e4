import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startServer } from '../support/running-server.ts';
import { assertTook } from '../support/slowness.ts';
import { MIB } from './bytes.ts';
import { FrontWorld } from './front-world.ts';
import { needs, PROGRAMS, type ProgramName } from './programs.ts';
import { Visitor } from './visitor.ts';

/** A user of a real Copse that is one process. */
async function visitor(t: TestContext, program: ProgramName): Promise<Visitor> {
  const server = await startServer();
  t.after(() => server.stop());
  const address = new URL(server.url).host;
  return Visitor.register(await FrontWorld.open(t, program, [{ recorder: { name: 'copse', address } }]), 'ann');
}

for (const program of PROGRAMS) {
  test(
    `${program}: a real Copse behind it: a room, a long poll, and paths as clients write them`,
    needs(program),
    async t => {
      const ann = await visitor(t, program);
      const { room_id: roomId } = await ann.ok('POST', '/_matrix/client/v3/createRoom', {});
      const room = `/_matrix/client/v3/rooms/${encodeURIComponent(String(roomId))}`;
      await ann.ok('PUT', `${room}/state/org.example%2Fslash/a%2Fb+c%20d`, { is: 'here' });
      const plain = room.replace('%3A', ':').replace('!', '%21');
      assert.deepEqual(await ann.ok('GET', `${plain}/state/org.example%2Fslash/a%2Fb+c%20d`), { is: 'here' });
      const { next_batch: since } = await ann.ok('GET', '/_matrix/client/v3/sync');
      const began = performance.now();
      const poll = ann.ok('GET', `/_matrix/client/v3/sync?timeout=120000&since=${since}`);
      await wait(500);
      await ann.ok('PUT', `${room}/send/m.room.message/1`, { msgtype: 'm.text', body: 'hello' });
      assert.match(JSON.stringify(await poll), /"hello"/);
      assertTook(performance.now() - began, 20_000, 'a long poll is woken');
      const unknown = await ann.ask({ path: '/_matrix/client/v9/none' });
      assert.deepEqual([unknown.status, JSON.parse(unknown.text).errcode], [404, 'M_UNRECOGNIZED']);
    },
  );

  test(`${program}: 49 MB are uploaded and come back, 51 MB are refused in JSON`, needs(program), async t => {
    const ann = await visitor(t, program);
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
