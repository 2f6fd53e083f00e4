import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Requester } from '../../src/accounts/requester.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { LocalBus } from '../../src/bus/bus.ts';
import type { ServerName, UserId } from '../../src/core/ids.ts';
import { MatrixError } from '../../src/core/matrix-error.ts';
import type { Database } from '../../src/db/database.ts';
import { mediaRoutes } from '../../src/http/client/media/routes.ts';
import { HttpServer } from '../../src/http/server.ts';
import { Media } from '../../src/media/media.ts';
import type { RemoteMedia } from '../../src/media/ports.ts';
import { defaultMediaSettings, type MediaSettings } from '../../src/media/settings.ts';
import { Nids } from '../../src/rooms/nids.table.ts';
import { testBudget } from './budget.ts';

export const OWN_NAME = 'copse.test' as ServerName;

export interface MediaWorld extends AsyncDisposable {
  readonly media: Media;
  readonly http: HttpServer;
  /** The media folder. */
  readonly folder: string;
  /** Their names are their access tokens. */
  readonly alice: Requester;
  readonly bob: Requester;
  readonly guest: Requester;
  /** Moves the clock's time of day; timers run as ever. */
  skipTime(ms: number): void;
}

interface MediaWorldOptions {
  readonly settings?: Partial<MediaSettings>;
  readonly remote?: RemoteMedia;
  /** The clock's, where a test lets time pass itself. */
  readonly after?: Clock['after'];
}

/** A media part in a folder of its own, with its endpoints behind a real HTTP server. */
export async function openMedia(db: Database, options: MediaWorldOptions = {}): Promise<MediaWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'copse-media-'));
  let skipped = 0;
  const { after = systemClock.after } = options;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + skipped, after };
  const budget = testBudget();
  const nids = new Nids(budget);
  const bus = new LocalBus(error => {
    throw error;
  });
  const settings = { ...defaultMediaSettings, folder, ...options.settings };
  const remote = options.remote === undefined ? {} : { remote: options.remote };
  const fixed = { random: systemRandom, log: silentLog, serverName: OWN_NAME };
  const media = new Media({ db, bus, nids, clock, budget, settings, ...fixed, ...remote });
  const people = await requesters(db, nids);
  const http = new HttpServer({
    log: silentLog,
    authenticate: async token => people[token as keyof typeof people] ?? unknownToken(),
    countRequest() {},
    trustedProxies: [],
  });
  http.add(mediaRoutes({ media, clock }));
  // The clock's timers do not keep a process alive, and a test without a listener has nothing else that does.
  const alive = setInterval(() => undefined, 1000);
  return {
    media,
    http,
    folder,
    ...people,
    skipTime(ms) {
      skipped += ms;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(alive);
      await http.close();
      await media[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

async function requesters(db: Database, nids: Nids) {
  const one = async (name: string, isGuest = false): Promise<Requester> => {
    const userId = `@${name}:${OWN_NAME}` as UserId;
    const userNid = await db.tx(tx => nids.users.internOne(tx, userId));
    const plain = { isAdmin: false, isSuspended: false, tokenNid: undefined, appservice: undefined };
    return { userId, userNid, deviceId: name, isGuest, ...plain };
  };
  return { alice: await one('alice'), bob: await one('bob'), guest: await one('guest', true) };
}

function unknownToken(): never {
  throw new MatrixError('M_UNKNOWN_TOKEN', 'No such token.');
}

export function streamOf(...chunks: (string | Uint8Array)[]): Readable {
  return Readable.from(chunks.map(chunk => Buffer.from(chunk)));
}

/** Uploads bytes for a user; the media ID. */
export async function uploadFor(
  world: MediaWorld,
  user: Requester,
  bytes: string | Uint8Array,
  facts: { contentType?: string; fileName?: string } = {},
): Promise<string> {
  const { contentType, fileName } = facts;
  const body = streamOf(bytes);
  const request = { userNid: user.userNid, body, contentType, fileName, announcedBytes: undefined };
  return (await world.media.uploads.upload(request)).split('/').at(-1) ?? '';
}

/** All files under the media folder, whole and unfinished ones. */
export async function filesOf(world: MediaWorld): Promise<string[]> {
  const entries = await readdir(world.folder, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
}

/** What `errcode` and status an error has that should be a MatrixError. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MatrixError) return `${error.status} ${error.errcode}`;
    throw error;
  }
  return 'none';
}

export async function textOf(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
