import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { askRaw } from '../support/raw-path.ts';
import { startServer } from '../support/running-server.ts';
import { askFront } from './ask-front.ts';
import { FrontWorld, HOST, recorders } from './front-world.ts';
import { needs, PROGRAMS, type ProgramName } from './programs.ts';

const ADMIN = '/_synapse/admin/v1/server_version';
const IDLE_MS = 500;
const MOST_WAITS = 20;

/** Ways to write a path that a front and a server might read differently. */
const TRICKS = [
  `/_matrix/client/v3/../../..${ADMIN}`,
  `/_matrix/client/v3/%2e%2e/%2e%2e/%2e%2e${ADMIN}`,
  `/_matrix/..%2f..${ADMIN}`,
  `/.${ADMIN}`,
  `/${ADMIN}`,
  `/_synapse;x/admin/v1/server_version`,
  `/_synapse//admin/v1/server_version`,
  `/_SYNAPSE/admin/v1/server_version`,
  `${ADMIN};x`,
  `${ADMIN}/`,
  `${ADMIN}%20`,
  `${ADMIN}%00`,
];

/** A real Copse whose administration has a listener of its own, and a front. */
async function guarded(t: TestContext, program: ProgramName): Promise<{ world: FrontWorld; url: string }> {
  const server = await startServer({ config: { listen: { admin: { enabled: true, port: 0 } } } });
  t.after(() => server.stop());
  const recorder = { name: 'copse', address: new URL(server.url).host };
  return { world: await FrontWorld.open(t, program, [{ recorder }]), url: server.url };
}

/** Sends bytes on one connection, and gives all that comes back until nothing more does and it is enough, or ten seconds. */
function exchange(world: FrontWorld, bytes: string, isEnough: (said: string) => boolean): Promise<string> {
  return new Promise(resolve => {
    let said = '';
    const options = { port: world.httpsPort, servername: HOST, ca: world.authority.certificate };
    const socket = connect(options, () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
    });
    let waited = 0;
    const onIdle = () => {
      if (isEnough(said) || ++waited === MOST_WAITS) socket.destroy();
      else socket.setTimeout(IDLE_MS);
    };
    socket.setTimeout(IDLE_MS).on('timeout', onIdle);
    socket.on('error', () => undefined).once('close', () => resolve(said));
  });
}

/** Requests whose end can be read in two ways, each with another one inside. */
function ambiguous(): readonly string[] {
  const inside = `GET /inside HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
  const start = `POST /_matrix/client/v3/login HTTP/1.1\r\nHost: ${HOST}\r\n`;
  const chunked = `0\r\n\r\n${inside}`;
  return [
    `${start}Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    `${start}Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked\x0b\r\n\r\n${chunked}`,
    `${start}Content-Length: ${chunked.length}\r\nTransfer-Encoding : chunked\r\n\r\n${chunked}`,
    `${start}Content-Length: ${chunked.length}\r\nTransfer-Encoding:\r\n chunked\r\n\r\n${chunked}`,
    `${start}Content-Length: ${chunked.length}\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    `${start}Content-Length: 0\r\nContent-Length: ${inside.length}\r\n\r\n${inside}`,
    `${start}Content-Length: +${inside.length}\r\n\r\n${inside}`,
    `${start}Transfer-Encoding: chunked, identity\r\nContent-Length: ${chunked.length}\r\n\r\n${chunked}`,
  ];
}

for (const program of PROGRAMS) {
  test(`N115 ${program}: a process sees no request that the front did not see`, needs(program), async t => {
    const [process = assert.fail()] = await recorders(t, ['b1']);
    const world = await FrontWorld.open(t, program, [{ recorder: process }]);
    for (const bytes of ambiguous()) {
      process.seen.length = 0;
      const answersIn = (said: string) => said.split(/HTTP\/1\.1 \d{3} /).length - 1;
      const answers = answersIn(await exchange(world, bytes, said => process.seen.length <= answersIn(said)));
      assert.ok(answers > 0 || process.seen.length === 0, bytes);
      assert.ok(process.seen.length <= answers, `${process.seen.length} requests, ${answers} answers to:\n${bytes}`);
    }
  });

  test(
    `N131 ${program}: no token stands in the log of the front, also where nobody answers`,
    needs(program),
    async t => {
      const [process = assert.fail()] = await recorders(t, ['b1']);
      const world = await FrontWorld.open(t, program, [{ recorder: process }]);
      const path = '/_matrix/client/v3/account/whoami?access_token=syt_secret';
      assert.equal((await askFront(world, { path })).status, 200);
      process.answer = response => void response.destroy();
      assert.equal((await askFront(world, { path })).status, 502);
      await process[Symbol.asyncDispose]();
      assert.ok((await askFront(world, { path })).status >= 502);
      assert.doesNotMatch(world.log, /secret/);
    },
  );

  test(`N171 ${program}: a path means behind the front what it means without it`, needs(program), async t => {
    const { world, url } = await guarded(t, program);
    for (const path of TRICKS) {
      const [through, direct] = [await askFront(world, { path }), await askRaw(url, path)];
      assert.ok(through.status === 404 || through.status === 400, `${path}: ${through.status}`);
      assert.equal(direct.status, 404, path);
    }
  });

  test(
    `N172 ${program}: administration with a listener of its own is not reached from outside`,
    needs(program),
    async t => {
      const { world } = await guarded(t, program);
      for (const port of [world.httpsPort, world.federationPort]) {
        const answer = await askFront(world, { path: ADMIN, port });
        assert.deepEqual([answer.status, JSON.parse(answer.text).errcode], [404, 'M_UNRECOGNIZED']);
      }
    },
  );

  test(`${program}: a port without TLS says so to the process`, needs(program), async t => {
    const [process = assert.fail()] = await recorders(t, ['b1']);
    const world = await FrontWorld.open(t, program, [{ recorder: process }]);
    const answer = await askRaw(`http://127.0.0.1:${world.plainPort}`, '/_matrix/client/versions');
    assert.deepEqual([answer.status, process.seen[0]?.headers['x-forwarded-proto']], [200, 'http']);
  });
}
