import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { BOARD_FACTS } from '../../test/support/board-facts.ts';
import { borrowed, onEachDatabase } from '../../test/support/databases.ts';
import { freePort } from '../../test/support/free-port.ts';
import { sleep, systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { HttpsHeadquarters } from '../cluster/agent/https-headquarters.ts';
import { putAssignment, settingsNumber } from '../cluster/boards/assignment.table.ts';
import type { Assignment, BoardReport } from '../cluster/boards/board.ts';
import { readIdentity } from '../cluster/joining/board-folder.ts';
import { parseInvitation } from '../cluster/joining/invitation.ts';
import { joinCluster } from '../cluster/joining/join-cluster.ts';
import { REPORT_PATH } from '../cluster/joining/join-message.ts';
import { newAuthority, newRequest } from '../cluster/joining/x509.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Database } from '../db/database.ts';
import { composeBoards } from './compose-boards.ts';
import { openDataFolder } from './data-folder.ts';

/** A server that could have boards, and folders for some. */
class Cluster implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'copse-boards-'));
  readonly #opened = new AsyncDisposableStack();
  readonly config: Config;
  /** What stands in the file of the first board. */
  settings = 'memory: 200M\n';
  readonly #db: Database;

  constructor(db: Database, settings: Partial<Config> = {}) {
    this.#db = db;
    this.config = {
      ...loadConfig({ data: join(this.root, 'first') }),
      database: { url: 'postgres://copse@10.0.0.5/copse', connections: 20 },
      ...settings,
    };
    this.config.cluster.bus ??= 'nats://10.0.0.5:4222';
    this.#opened.defer(() => rmSync(this.root, { recursive: true, force: true }));
  }

  folder(name: string): string {
    return join(this.root, name);
  }

  /** A process on the data folder of a board. */
  process(name: string) {
    const folder = openDataFolder(this.folder(name), name === 'first' ? 'copse.test' : undefined, systemRandom);
    const parts = { clock: systemClock, random: systemRandom, log: silentLog, db: borrowed(this.#db) };
    const sharedSettings = () => [{ name: 'copse.yaml', text: this.settings }];
    return this.#opened.use(composeBoards({ ...parts, config: this.config, folder, sharedSettings }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

const report: BoardReport = {
  address: '127.0.0.1:1',
  facts: BOARD_FACTS,
  processes: [],
};

/** What runs on a board that nobody asks about. */
const elsewhere: Assignment = {
  ...{ process: 'b9-all-1', board: 'b9', part: 'all', kind: 'role', roles: [] },
  ...{ port: 8100, memory: 2 ** 28, isLeaving: false },
};

interface Certified {
  readonly certificate: string;
  readonly key: string;
}

/** Reports as a board would, with the certificate that is given. */
function tell(address: string, shown: Certified | undefined, ca: string, body: object = report) {
  const tls = { ca, checkServerIdentity: () => undefined, ...(shown && { cert: shown.certificate, key: shown.key }) };
  const agent = new Agent({ keepAlive: false, ...tls });
  return new Promise<{ status: number; answer: { error?: string; addresses?: string[] } }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asking = request(`https://${address}${REPORT_PATH}`, { method: 'POST', agent, headers }, async answer => {
      resolve({ status: answer.statusCode ?? 0, answer: JSON.parse((await answer.toArray()).join('')) });
    });
    asking.on('error', reject);
    asking.end(JSON.stringify(body));
  });
}

async function invited(cluster: Cluster) {
  const first = cluster.process('first');
  const address = `127.0.0.1:${await freePort()}`;
  const made = await first.invite(address, 60_000);
  const invitation = parseInvitation(made.invitation) ?? assert.fail('no invitation');
  return { first, address: made.address, invitation };
}

/** The listener comes up a moment after the cluster was made. */
async function listening(address: string): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  for (let tries = 0; tries < 3000; tries++) {
    const isThere = await new Promise<boolean>(resolve => {
      const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('secureConnect', () => socket.destroy());
    });
    if (isThere) return;
    await sleep(systemClock, 20);
  }
  assert.fail(`${address} is not listened on`);
}

onEachDatabase('a board joins with one line, and has then all that it needs to be the same server', async db => {
  await using cluster = new Cluster(db);
  const { first, address, invitation } = await invited(cluster);
  await listening(address);
  const board = { name: 'b2', ownAddress: '127.0.0.1:8471', labels: ['media'] };
  const joined = await joinCluster({ ...board, address, invitation, dataFolder: cluster.folder('second') });
  assert.deepEqual([joined.name, joined.isFounder, joined.addresses[0]], ['b2', false, address]);
  for (const name of ['signing.key', 'secrets.json', 'server-name', 'copse.yaml']) {
    const file = join(cluster.folder('second'), name);
    assert.equal(statSync(file).mode & 0o077, 0, name);
    if (name !== 'copse.yaml')
      assert.equal(readFileSync(file, 'utf8'), readFileSync(join(cluster.folder('first'), name), 'utf8'));
  }
  const { boards } = await first.list();
  assert.deepEqual(
    boards.map(({ name, address: at, labels, isAlive }) => [name, at, labels, isAlive]),
    [
      [boards[0]?.name, address, ['front', 'media'], false],
      ['b2', '127.0.0.1:8471', ['media'], false],
    ],
  );
  // Nobody has decided yet: told of nothing, a board would end the process that is to decide.
  assert.equal((await tell(address, joined.board, joined.authority.certificate)).status, 409);
  await db.tx(tx => putAssignment(tx, elsewhere, Date.now()));
  const { status, answer } = await tell(address, joined.board, joined.authority.certificate);
  assert.deepEqual([status, answer.addresses], [200, [report.address, address]]);
  assert.equal((await first.list()).boards[1]?.isAlive, true);
});

onEachDatabase('an invitation is good once: whoever stole a used one gets nothing', async db => {
  await using cluster = new Cluster(db);
  const { address, invitation } = await invited(cluster);
  await listening(address);
  const input = { address, invitation, ownAddress: '127.0.0.1:8471', labels: [] };
  await joinCluster({ ...input, name: 'b2', dataFolder: cluster.folder('second') });
  const again = joinCluster({ ...input, name: 'b3', dataFolder: cluster.folder('third') });
  await assert.rejects(again, /The invitation was used, has run out, or never was/);
  assert.equal(existsSync(cluster.folder('third')), false);
});

onEachDatabase('an invitation runs out, and one that was made up is none', async db => {
  await using cluster = new Cluster(db);
  const { first, address, invitation } = await invited(cluster);
  await listening(address);
  const short = parseInvitation((await first.invite(undefined, 1)).invitation) ?? assert.fail();
  await sleep(systemClock, 20);
  const input = { address, name: 'b2', ownAddress: '127.0.0.1:8471', labels: [], dataFolder: cluster.folder('second') };
  await assert.rejects(joinCluster({ ...input, invitation: short }), /has run out/);
  const madeUp = { ...invitation, secret: 'A'.repeat(22) };
  await assert.rejects(joinCluster({ ...input, invitation: madeUp }), /never was/);
});

onEachDatabase('who sits between the two learns nothing, not even the invitation', async db => {
  await using cluster = new Cluster(db);
  const { invitation } = await invited(cluster);
  // Their authority has the same name, and their certificate is in order.
  const made = { random: systemRandom, now: Date.now() };
  const authority = await newAuthority('copse.test', made);
  const { request: wanted, key } = await newRequest('b1');
  const { issueCertificate } = await import('../cluster/joining/x509.ts');
  const certificate = await issueCertificate(authority, { request: wanted, board: 'b1' }, made);
  const heard: Buffer[] = [];
  const between = createTlsServer({ cert: `${certificate}\n${authority.certificate}`, key }, (socket: TLSSocket) =>
    socket.on('data', (data: Buffer) => heard.push(data)).on('error', () => undefined),
  );
  await new Promise<void>(resolve => between.listen(0, '127.0.0.1', resolve));
  const at = between.address();
  const address = `127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`;
  const input = { address, invitation, name: 'b2', ownAddress: '127.0.0.1:1', labels: [] };
  await assert.rejects(
    joinCluster({ ...input, dataFolder: cluster.folder('second') }),
    /is no board of the cluster that this invitation is of/,
  );
  await new Promise(resolve => between.close(resolve));
  assert.equal(Buffer.concat(heard).length, 0);
});

onEachDatabase(
  'N207: reports are heard of boards alone, and not of those that were removed or joined anew',
  async db => {
    await using cluster = new Cluster(db);
    const { first, address, invitation } = await invited(cluster);
    await listening(address);
    const input = { address, name: 'b2', ownAddress: '127.0.0.1:8471', labels: [] };
    const old = await joinCluster({ ...input, invitation, dataFolder: cluster.folder('second') });
    const ca = old.authority.certificate;
    assert.equal((await tell(address, undefined, ca)).status, 401);
    // A certificate of the same name by somebody else.
    const made = { random: systemRandom, now: Date.now() };
    const other = await newAuthority('copse.test', made);
    const { request: wanted, key } = await newRequest('b2');
    const { issueCertificate } = await import('../cluster/joining/x509.ts');
    const forged = (await issueCertificate(other, { request: wanted, board: 'b2' }, made)) ?? assert.fail();
    assert.equal((await tell(address, { certificate: forged, key }, ca)).status, 401);
    assert.equal((await tell(address, old.board, ca, { processes: [] })).status, 400);
    // Its disk was lost: it comes again under its name, and what was on the disk is worth nothing.
    const next = parseInvitation((await first.invite(undefined, 60_000)).invitation) ?? assert.fail();
    const anew = await joinCluster({ ...input, invitation: next, dataFolder: cluster.folder('again') });
    assert.equal((await tell(address, old.board, ca)).status, 403);
    await db.tx(tx => putAssignment(tx, elsewhere, Date.now()));
    assert.equal((await tell(address, anew.board, ca)).status, 200);
    await first.remove('b2');
    const { status, answer } = await tell(address, anew.board, ca);
    assert.deepEqual([status, answer.error], [403, 'b2 is no board of this cluster any more. It can join again.']);
  },
);

onEachDatabase('a name that lives is not given twice', async db => {
  await using cluster = new Cluster(db);
  const { first, address, invitation } = await invited(cluster);
  await listening(address);
  const input = { address, name: 'b2', ownAddress: '127.0.0.1:8471', labels: [] };
  const { board, authority } = await joinCluster({ ...input, invitation, dataFolder: cluster.folder('second') });
  await tell(address, board, authority.certificate);
  const next = parseInvitation((await first.invite(undefined, 60_000)).invitation) ?? assert.fail();
  const taken = joinCluster({ ...input, invitation: next, dataFolder: cluster.folder('third') });
  await assert.rejects(taken, /A board b2 is there and alive/);
  // The invitation was not used up by it.
  await joinCluster({ ...input, name: 'b3', invitation: next, dataFolder: cluster.folder('third') });
});

onEachDatabase('any board lets others in, and another process of a board listens when the first ends', async db => {
  await using cluster = new Cluster(db);
  const { first, address, invitation } = await invited(cluster);
  await listening(address);
  const ownAddress = `127.0.0.1:${await freePort()}`;
  await joinCluster({ address, name: 'b2', ownAddress, labels: [], invitation, dataFolder: cluster.folder('second') });
  const second = cluster.process('second');
  await first[Symbol.asyncDispose]();
  const made = await second.invite(undefined, 60_000);
  assert.equal(made.address, ownAddress);
  await listening(ownAddress);
  const next = parseInvitation(made.invitation) ?? assert.fail();
  const third = { address: ownAddress, name: 'b3', ownAddress: '127.0.0.1:1', labels: [], invitation: next };
  await joinCluster({ ...third, dataFolder: cluster.folder('third') });
  assert.equal((await second.list()).boards.length, 3);
  assert.equal(readIdentity(cluster.folder('third'))?.name, 'b3');
});

onEachDatabase('who cannot have boards is told what is missing', async db => {
  const cases = [
    [{ database: { url: 'sqlite', connections: 5 } }, /copse migrate postgres/],
    [
      { database: { url: 'postgres://copse@127.0.0.1/copse', connections: 5 } },
      /database.url names this machine alone/,
    ],
    [{ database: { url: 'postgres:///copse', connections: 5 } }, /database.url names this machine alone/],
  ] as const;
  for (const [settings, reason] of cases) {
    await using cluster = new Cluster(db, settings);
    await assert.rejects(cluster.process('first').invite(undefined, 60_000), reason);
  }
  await using cluster = new Cluster(db);
  cluster.config.cluster.bus = 'nats://localhost:4222';
  await assert.rejects(cluster.process('first').invite(undefined, 60_000), /cluster.bus names this machine alone/);
});

onEachDatabase('on a machine that is no board of its cluster the others are named', async db => {
  await using cluster = new Cluster(db);
  await invited(cluster);
  const [{ name } = assert.fail()] = (await cluster.process('first').list()).boards;
  await assert.rejects(
    cluster.process('copy').invite('127.0.0.1:9', 60_000),
    new RegExp(`Ask on one that is: ${name}`),
  );
});

onEachDatabase('settings that change on the first board are told, and fetched by boards alone', async db => {
  await using cluster = new Cluster(db);
  const { address, invitation } = await invited(cluster);
  await listening(address);
  const input = { address, name: 'b2', ownAddress: '127.0.0.1:8471', labels: [], invitation };
  const identity = await joinCluster({ ...input, dataFolder: cluster.folder('second') });
  using headquarters = new HttpsHeadquarters(() => identity);
  const told = async (number: number) => {
    for (let tries = 0; (await settingsNumber(db)) !== number; tries++) {
      assert.ok(tries < 800, `the settings are never those of number ${number}`);
      await sleep(systemClock, 20);
    }
  };
  await told(1);
  assert.equal((await headquarters.settings(1, [address]))?.files[0]?.text, 'memory: 200M\n');
  cluster.settings = 'memory: 300M\n';
  await told(2);
  const files = [{ name: 'copse.yaml', text: 'memory: 300M\n' }];
  assert.deepEqual(await headquarters.settings(2, ['127.0.0.1:1', address]), { number: 2, files });
  assert.equal(await headquarters.settings(1, [address]), undefined, 'nobody has those of before');
  using stranger = new HttpsHeadquarters(() => undefined);
  assert.equal(await stranger.settings(2, [address]), undefined);
});
