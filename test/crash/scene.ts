import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from './api.ts';
import { ask, PROGRAM, writeConfig } from './killable-server.ts';
import { Ledger } from './ledger.ts';
import { type Cast, KINDS, send, setUp, upload } from './operations.ts';
import { RoomReader } from './reader.ts';
import { straceArguments } from './trace.ts';

/** What a recorded server was asked, and what came of it in the end. */
export interface Scene {
  readonly cast: Cast;
  readonly config: string;
}

const ROUNDS = 3;
/** Enough for the log of the database to be carried over into it several times. */
const MESSAGES = 80;

/** A server under strace does everything once, and a lot of it at the same time; the data folder is `disk`/data. */
export async function playScene(folder: string, disk: string, trace: string): Promise<Scene> {
  const config = join(folder, 'copse.json');
  writeConfig(config);
  const log = openSync(join(folder, 'copse.log'), 'a');
  const args = [...straceArguments(trace), process.execPath, PROGRAM];
  // io_uring would pass strace by.
  const env = { ...process.env, NODE_NO_WARNINGS: '1', UV_USE_IO_URING: '0' };
  const child = spawn('strace', args, { stdio: ['ignore', log, log, 'ipc'], env });
  closeSync(log);
  try {
    const { ready } = await ask(child, { start: { config, data: join(disk, 'data') } });
    return { cast: await play(new Api(ready ?? '')), config };
  } finally {
    const exit = once(child, 'exit');
    // The server ends when nobody listens to it any more, and strace with it.
    child.disconnect();
    await exit;
  }
}

async function play(api: Api): Promise<Cast> {
  const ledger = new Ledger();
  const cast = await setUp(api, ledger);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, make } of KINDS) {
      await (await make(cast, api)).run(api);
      await readBack(name, cast, api);
    }
    await Promise.all(cast.others.map(user => talk(cast, api, user, MESSAGES / ROUNDS)));
    await Promise.all([upload(cast), upload(cast, 50_000)].map(operation => operation.run(api)));
  }
  const reader = new RoomReader(cast.alice, ledger);
  await reader.syncAll(api);
  ledger.shownReceipt = ledger.receipts[0];
  return cast;
}

async function talk(cast: Cast, api: Api, user: Cast['alice'], messages: number): Promise<void> {
  for (let at = 0; at < messages; at++) await send(cast, user).run(api);
}

/** What is acknowledged with `{}` is shown to a client, so that the record says when it was known to be there. */
async function readBack(name: string, { alice, bob }: Cast, api: Api): Promise<void> {
  if (name === 'account data') {
    await api.ok('GET', `/user/${alice.id}/account_data/org.example.crash`, { token: alice.token });
  }
  // Without a token: nothing is taken away by it.
  if (name === 'sendToDevice') await api.ok('GET', '/sync', { token: bob.token, query: { timeout: '0' } });
}
