import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withAdmin } from '../../test/support/admin-world.ts';
import { factsOf, NOW, peerFacts, roomFacts } from '../../test/support/doctor-facts.ts';
import { federationWith } from '../../test/support/federation-settings.ts';

withAdmin('the doctor tells of causes, and looks at facts from a file', async ({ copse }, _, t) => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-facts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.match(await copse.text('doctor', 'federation', '--explain'), /^D06 {2}our proxy changes the bytes of paths$/m);
  assert.match(await copse.text('doctor', 'federation', '--explain', 'd06'), /proxy_pass/);
  await copse.fails(/There is no cause D99/, 'doctor', 'federation', '--explain', 'D99');
  const file = join(folder, 'facts.json');
  writeFileSync(file, JSON.stringify(factsOf([peerFacts()])));
  assert.match(await copse.text('doctor', 'federation', '--facts', file), /^peer\.example {3}healthy$/m);
  const json = await copse.json('doctor', 'federation', '--facts', file);
  assert.match(JSON.stringify(json.diagnosis), /"health":"healthy"/);
  const refused = [{ reason: 'banned', isSoft: false, events: 1, newestAt: NOW }];
  writeFileSync(file, JSON.stringify(factsOf([peerFacts({ rooms: [roomFacts({ refused })] })])));
  const sick = await copse.run('doctor', 'federation', '--facts', file);
  assert.equal(sick.code, 1);
  assert.match(sick.text, /^ cause {2}D24 /m);
  writeFileSync(file, '{}');
  await copse.fails(/no facts of the doctor/, 'doctor', 'federation', '--facts', file);
});

const federation = federationWith({});

withAdmin(
  'the doctor is for administrators, and asked about servers',
  async (world, admin) => {
    const path = '/_synapse/admin/copse/v1/doctor/federation';
    await (await world.user('alice')).refused(403, 'M_FORBIDDEN', 'POST', path, {});
    await admin.refused(400, 'M_INVALID_PARAM', 'POST', path, { servers: ['no server!'] });
    await admin.refused(400, 'M_BAD_JSON', 'POST', `${path}/two.example/repair`, { kind: 'everything' });
    await admin.refused(400, 'M_INVALID_PARAM', 'POST', `${path}/two.example/take_state`, { room_id: 'no room' });
    await world.copse.fails(/the name of one server/, 'doctor', 'federation', '--take-state', '!a:two.example');
    const refused = await world.copse.run('doctor', 'federation', 'two.example', '--take-state', '!a:two.example');
    assert.deepEqual(refused, { ...refused, code: 1, text: 'refused: nothing is known of !a:two.example' });
  },
  { federation },
);

withAdmin(
  'an event is traced',
  async ({ copse }, admin) => {
    const room = String((await admin.ok('POST', 'c/v3/createRoom', {})).room_id);
    const path = `c/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/1`;
    const id = String((await admin.ok('PUT', path, { msgtype: 'm.text', body: 'hello' })).event_id);
    const text = await copse.text('trace', id);
    assert.match(text, /^judged +accepted$/m);
    assert.match(text, /^signed +one\.example: ed25519:\S+, good$/m);
    assert.match(await copse.text('trace', '$other'), /has never heard of \$other/);
    await copse.fails(/An event ID begins with \$/, 'trace', 'other');
    const listed = await copse.text('trace', '--room', room, '--at', '2100-01-01T00:00Z');
    assert.ok(listed.includes(`${id}  m.room.message by @`), listed);
    await copse.fails(/is no time/, 'trace', '--room', room, '--at', 'yesterday');
    await copse.fails(/Name an event, or a room/, 'trace');
  },
  { federation },
);

withAdmin('where nobody federates there is no doctor', async ({ copse }) => {
  await copse.fails(/needs the server to run, with federation/, 'doctor', 'federation', 'two.example');
});
