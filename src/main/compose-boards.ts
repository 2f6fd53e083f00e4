import { hostname } from 'node:os';
import type { Boards } from '../administration/boards.ts';
import { aborted, type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { BoardsStatus } from '../cli/board-text.ts';
import { Roster } from '../cluster/boards/roster.ts';
import { Admissions } from '../cluster/joining/admissions.ts';
import { type BoardIdentity, readIdentity } from '../cluster/joining/board-folder.ts';
import { foundCluster } from '../cluster/joining/found-cluster.ts';
import { invitationText } from '../cluster/joining/invitation.ts';
import { CLUSTER_PORT } from '../cluster/joining/join-message.ts';
import { boardNameFor, ownAddress, splitAddress, withPort } from '../cluster/joining/own-address.ts';
import type { Config } from '../config/schema.ts';
import type { SettingsSource, SharedFile } from '../config/shared-settings.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import { clusterRoutes } from '../http/cluster/routes.ts';
import { HttpServer } from '../http/server.ts';
import { type DataFolder, folderFiles } from './data-folder.ts';
import { announceChanges, settingsHere } from './handing-settings.ts';

export interface BoardsInput {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly sharedSettings?: (from: SettingsSource) => SharedFile[];
}

/** One process of a board has the port; the others look so often whether it is free. */
const TRY_MS = 5000;
/** What boards of a small network may hold on to. */
const EXPOSED = { connectionsPerAddress: 50, requestMs: 30_000 };

export interface BoardsSide extends Boards, AsyncDisposable {
  /** Undefined where there are none. */
  status(): Promise<BoardsStatus | undefined>;
}

/**
 * The boards of the cluster. Where this machine is one of them, this process listens for the others as soon as no other
 * process of it does.
 */
export function composeBoards(input: BoardsInput): BoardsSide {
  const { config, folder, db, clock, log } = input;
  const roster = new Roster({ db });
  const admissions = new Admissions({ ...input, log: log.child('boards'), files: () => filesFor(input) });
  const stop = new AbortController();
  const founded = new AbortController();
  const serving = { ...input, roster, admissions, founded: founded.signal };
  const listening = config.cluster.bus === undefined ? undefined : listenInTurn(serving, stop.signal);
  return {
    list: () => roster.list(),
    async status() {
      if (config.cluster.bus === undefined) return undefined;
      const found = await roster.list();
      return found.boards.length === 0 ? undefined : found;
    },
    change: (name, change) => roster.change(name, change),
    remove: name => roster.remove(name),
    async invite(address, lifeMs) {
      requireReachable(config);
      const identity = readIdentity(folder.path) ?? (await found(input, address));
      await roster.admitFounder(identity);
      founded.abort();
      const invitation = await admissions.invite(identity, lifeMs);
      return {
        address: identity.address,
        invitation: invitationText(invitation),
        expires_ts: clock.now() + lifeMs,
      };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await listening;
    },
  };
}

/** Other boards need a database and a bus that they can reach. @throws MatrixError M_BAD_STATE */
function requireReachable({ cluster, database }: Config): void {
  const refuse = (words: string) => {
    throw new MatrixError('M_BAD_STATE', words, { status: 409 });
  };
  if (database.url === 'sqlite')
    refuse('Several boards need PostgreSQL: copse migrate postgres URL moves this server there (docs/cluster.md).');
  if (cluster.bus === undefined)
    refuse(
      'Several boards need NATS: set cluster.bus, such as nats://10.0.0.5:4222, and start again (docs/cluster.md).',
    );
  const isLocal = (url: string) => /^(localhost|127\.|\[?::1\]?$|$)/.test(URL.parse(url)?.hostname ?? '');
  if (isLocal(database.url))
    refuse('database.url names this machine alone. Give the address under which other boards reach PostgreSQL.');
  if (cluster.bus?.split(',').some(url => isLocal(url.trim())))
    refuse('cluster.bus names this machine alone. Give the address under which other boards reach NATS.');
}

/** @throws MatrixError M_BAD_STATE where another machine is the first board, or this one has no address */
async function found({ folder, db, random, clock }: BoardsInput, address: string | undefined): Promise<BoardIdentity> {
  const { boards } = await new Roster({ db }).list();
  if (boards.length > 0) {
    const names = boards.map(({ name }) => name).join(', ');
    throw new MatrixError('M_BAD_STATE', `This machine is no board of its cluster. Ask on one that is: ${names}.`, {
      status: 409,
    });
  }
  const own = address ?? withPort(ownAddress() ?? '', CLUSTER_PORT);
  if (own === undefined)
    throw new MatrixError('M_BAD_STATE', 'This machine has no address in a network. Give one with --address.', {
      status: 409,
    });
  return foundCluster({
    ...{ dataFolder: folder.path, serverName: folder.serverName, name: boardNameFor(hostname()), address: own },
    ...{ random, now: clock.now() },
  });
}

/** The server itself, for another board. @throws MatrixError M_BAD_STATE for settings that cannot be read */
function filesFor({ folder, sharedSettings = () => [] }: BoardsInput): SharedFile[] {
  try {
    return [...folderFiles(folder.path), ...sharedSettings('all')];
  } catch (error) {
    throw new MatrixError('M_BAD_STATE', `The settings cannot be handed on: ${(error as Error).message}`, {
      status: 409,
      cause: error,
    });
  }
}

interface Listening extends BoardsInput {
  readonly roster: Roster;
  readonly admissions: Admissions;
  /** Aborts when this process has made the cluster: there is something to listen for. */
  readonly founded: AbortSignal;
}

async function listenInTurn(input: Listening, signal: AbortSignal): Promise<void> {
  const { folder, clock, log, founded } = input;
  let told = '';
  while (!signal.aborted) {
    try {
      const identity = readIdentity(folder.path);
      if (identity !== undefined) await serveBoards(input, identity, signal);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' && message !== told) log.warn(`Other boards cannot come here: ${message}`);
      told = message;
    }
    await sleep(clock, TRY_MS, founded.aborted ? signal : AbortSignal.any([signal, founded]));
  }
}

/** Until `signal` aborts. @throws what listening throws */
async function serveBoards(input: Listening, identity: BoardIdentity, signal: AbortSignal): Promise<void> {
  const { roster, admissions, log, folder } = input;
  await roster.admitFounder(identity);
  const { host, port } = splitAddress(identity.address);
  const { board, authority } = identity;
  const server = new HttpServer({
    log: log.child('boards'),
    authenticate: () => Promise.reject(new MatrixError('M_UNRECOGNIZED', 'No users come here.')),
    countRequest: () => undefined,
    trustedProxies: [],
    exposed: EXPOSED,
    // The authority goes along: whoever joins knows it by its hash alone.
    certificate: { cert: `${board.certificate}\n${authority.certificate}`, key: board.key },
    boardAuthority: authority.certificate,
  });
  try {
    server.add(clusterRoutes(roster, admissions, identity, () => settingsHere(folder.path)));
    await server.listen(host, port);
    log.info('Other boards reach the cluster here.', { address: identity.address });
    const { sharedSettings } = input;
    if (!identity.isFounder || sharedSettings === undefined) await aborted(signal);
    // What one process was started with by hand is no change of the settings.
    else await announceChanges({ ...input, data: folder.path, read: () => sharedSettings('file') }, signal);
  } finally {
    await server.close();
  }
}
