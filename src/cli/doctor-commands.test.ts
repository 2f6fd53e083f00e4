import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { withAdmin } from '../../test/support/admin-world.ts';
import { factsOf, frontFacts, NOW, peerFacts, roomFacts } from '../../test/support/doctor-facts.ts';
import { federationWith } from '../../test/support/federation-settings.ts';
import type { ConfigArgs } from '../config/load.ts';
import type { JsonObject } from '../core/json.ts';
import type { Facts } from '../federation/doctor/facts.ts';
import type { AdminServer, AdminSurroundings } from './admin-server.ts';
import { addDoctorCommands } from './doctor-commands.ts';

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

/** What `copse doctor federation` prints against a server that answers so, and what it does meanwhile. */
async function printed(words: readonly string[], answers: readonly Facts[]): Promise<{ text: string; did: string[] }> {
  const [left, did, said] = [[...answers], [] as string[], [] as string[]];
  const server: AdminServer = {
    ...({} as AdminServer),
    call: async (_, path, asked) => {
      did.push(path.replace('copse/v1/doctor/', ''));
      if (path.endsWith('/repair')) return { server: 'peer.example', lines: ['tried again: it takes what we send'] };
      const again = (asked as JsonObject).watch === true ? { 'peer.example': 600_000 } : {};
      return { facts: left.shift() ?? assert.fail('it looks once more'), again } as unknown as JsonObject;
    },
  };
  const surroundings = {
    ...({} as AdminSurroundings),
    administer: <T>(_: ConfigArgs, work: (server: AdminServer) => Promise<T>) => work(server),
    renewFront: async ({ data }: ConfigArgs) => {
      did.push(`renewFront ${data}`);
      return ['/etc/nginx/conf.d/copse.conf: taken up'];
    },
    print: (text: string) => void said.push(text),
  };
  const doctor = new Command('doctor');
  addDoctorCommands({ surroundings, finish: code => void did.push(`exit ${code}`) }, doctor);
  await doctor.parseAsync(['federation', 'peer.example', ...words], { from: 'user' });
  return { text: said.join('\n'), did };
}

test('what is found is done by the server, and a front is made anew by the command', async () => {
  const body = { bytes: 1000, status: 401, errcode: 'M_UNAUTHORIZED', error: null, took: 1 };
  const bodies = [body, { ...body, bytes: 2e6, status: 413, errcode: null }];
  const sending = { ...peerFacts().sending!, failingSince: NOW - 1e6, retryAt: NOW + 1e9, tries: 3, reason: 'away' };
  const whole = factsOf([peerFacts({ sending })], frontFacts({ bodies }));
  const madeFront = { program: 'nginx', file: '/etc/nginx/conf.d/copse.conf' };
  const sick = { ...whole, us: { ...whole.us, madeFront } };
  const { text, did } = await printed(['--data', 'here'], [sick, factsOf([peerFacts()])]);
  assert.deepEqual(did, ['federation', 'renewFront here', 'federation/peer.example/repair', 'federation', 'exit 0']);
  assert.match(
    text,
    /^ cure {3}make \/etc\/nginx\/conf\.d\/copse\.conf anew .*\n done {3}\S+: taken up\n now {4}not prov/m,
  );
  assert.match(
    text,
    /^ done {3}tried again: it takes what we send\n now {4}healthy\n {8}Will check again in 10 min\.$/m,
  );
  const dry = await printed(['--data', 'here', '--dry-run'], [sick]);
  assert.deepEqual(dry.did, ['federation', 'exit 1']);
  assert.doesNotMatch(dry.text, /^ done |Will check again/m, 'the watch would mend it');
});
