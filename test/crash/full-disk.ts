import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api, RefusedError } from './api.ts';
import { Inspector } from './inspect.ts';
import { KillableServer } from './killable-server.ts';
import { Ledger, LedgerError } from './ledger.ts';
import { type Cast, KINDS, type Operation, send, sendToDevice, setUp, upload } from './operations.ts';
import { InboxReader, RoomReader } from './reader.ts';
import { checkEverything, type Witnesses } from './verify.ts';

const DISK = '24m';
const ROUNDS = 3;
/** Enough that the room which the database still has in its own files is used up. */
const WRITES_A_ROUND = 300;
const CHUNK = Buffer.alloc(65_536);

export interface FullDiskReport {
  readonly refused: number;
  readonly acknowledged: number;
  /** What kinds of writes were refused. */
  readonly kinds: readonly string[];
}

/** Why it cannot be done here; undefined when it can. */
export function reasonToSkip(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'a small disk can only be mounted by root';
}

/**
 * A server whose disk fills up: what is acknowledged stays, what cannot be written is refused in words, reading goes
 * on, and when there is room again writing does too, without a restart. At last it is killed and starts on a full disk.
 */
export async function fullDisk(folder: string): Promise<FullDiskReport> {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder]);
  try {
    const server = new KillableServer(folder);
    try {
      return await fillAndFree(server, folder);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  } finally {
    unmount(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes the small disk away, if it is there. */
export function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder], { stdio: 'ignore' });
}

async function fillAndFree(server: KillableServer, folder: string): Promise<FullDiskReport> {
  await server.start();
  let api = new Api(server.url);
  const ledger = new Ledger();
  const cast = await setUp(api, ledger);
  const rooms = new RoomReader(cast.alice, ledger);
  const witnesses = { cast, rooms, inbox: new InboxReader(cast.bob, ledger), inspector: new Inspector() };
  let refused = 0;
  const kinds = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { make } of KINDS) await (await make(cast, api)).run(api);
    await checkReading(api, witnesses);
    const prepared: Operation[] = [];
    for (const { make } of KINDS) prepared.push(await make(cast, api));
    // The next sync of this device has something to delete, which a full disk does not let it do.
    await sendToDevice(cast).run(api);
    await witnesses.inbox.sync(api);
    fill(folder);
    const waiting = await writeUntilRefused(api, cast, prepared);
    refused += waiting.length;
    for (const { name } of waiting) kinds.add(name);
    // Reading, with what was refused not there.
    await checkReading(api, witnesses);
    for (const { key, acknowledged, seen } of ledger.attempts.values()) {
      if (!acknowledged && seen !== undefined) throw new LedgerError(`${key} was refused and is there`);
    }
    if (round === ROUNDS - 1) {
      await server.kill9();
      await server.start();
      api = new Api(server.url);
      await checkReading(api, witnesses);
    }
    rmSync(join(folder, 'filler'));
    for (const operation of waiting) await operation.run(api);
    await checkReading(api, witnesses);
    await checkEverything(api, server.dataDir, witnesses);
    assert.deepEqual(leftovers(server.dataDir), [], 'unfinished uploads are left');
  }
  return { refused, acknowledged: ledger.acknowledged, kinds: [...kinds] };
}

async function checkReading(api: Api, { cast, rooms, inbox }: Witnesses): Promise<void> {
  await rooms.syncAll(api);
  await inbox.syncAll(api);
  cast.ledger.checkNothingLost();
  for (const { token } of cast.others) {
    await api.ok('GET', `/rooms/${cast.roomId}/messages`, { token, query: { dir: 'b' } });
    await api.ok('GET', '/sync', { token, query: { timeout: '0' } });
  }
  const [uri] = [...cast.ledger.media.keys()].slice(-1);
  const path = `/_matrix/client/v1/media/download/${uri?.slice('mxc://'.length)}`;
  assert.equal((await api.bytes('GET', path, { token: cast.alice.token })).status, 200);
}

/** Answers what was refused; every kind of write is among what was tried. */
async function writeUntilRefused(api: Api, cast: Cast, prepared: readonly Operation[]): Promise<Operation[]> {
  const refused: Operation[] = [];
  for (let at = 0; at < WRITES_A_ROUND; at += cast.others.length) {
    const batch = [...cast.others.map(user => send(cast, user)), ...(at % 30 === 0 ? [upload(cast, 100_000)] : [])];
    const gone = (await Promise.all(batch.map(operation => isRefused(operation, api)))).filter(
      each => each !== undefined,
    );
    refused.push(...gone);
    // A client waits for the answer to one message before it sends the next, and so does the ledger.
    if (gone.some(operation => operation.name === 'send')) break;
  }
  for (const operation of prepared) {
    const gone = await isRefused(operation, api);
    if (gone !== undefined) refused.push(gone);
  }
  assert.ok(refused.length > 3, `only ${refused.length} writes were refused on a full disk`);
  return refused;
}

/** The operation when it was refused as it has to be. @throws AssertionError when it was refused in another way */
async function isRefused(operation: Operation, api: Api): Promise<Operation | undefined> {
  try {
    await operation.run(api);
    return undefined;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const { status, body } = error;
    assert.ok(status === 503 || status === 507, `${operation.name}: ${error.message}`);
    assert.equal(typeof body.errcode, 'string');
    assert.match(String(body.error), /\w+ \w+ \w+/, 'the error is no sentence');
    return operation;
  }
}

/** Takes what room is left, to the last page. */
function fill(folder: string): void {
  const file = join(folder, 'filler');
  writeFileSync(file, '');
  for (const chunk of [CHUNK, CHUNK.subarray(0, 4096)]) {
    try {
      for (;;) writeFileSync(file, chunk, { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  assert.equal(statfsSync(folder).bavail, 0);
}

function leftovers(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'media', 'incoming'));
}
