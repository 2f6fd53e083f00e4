import type { Argon2id } from '../accounts/passwords.ts';
import { movingDatabase } from '../administration/moving-database.ts';
import { readRegistrations } from '../appservice/registration-file.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { Listener, Status } from '../cli/status-text.ts';
import type { Config } from '../config/schema.ts';
import type { SettingsSource, SharedFile } from '../config/shared-settings.ts';
import type { ServerName } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { databaseHealth } from '../db/database-health.ts';
import type { Carry } from '../federation/transport/federation-client.ts';
import { wellKnownServer } from '../http/client/server/well-known.ts';
import { type HttpMemory, type HttpParts, HttpServer } from '../http/server.ts';
import { sealInvitation } from '../http/site/invitation.ts';
import { WELCOME_PATH } from '../http/site/welcome.ts';
import { boardRoutes } from '../http/synapse/boards/routes.ts';
import { databaseRoutes } from '../http/synapse/database/routes.ts';
import { hasAdministrator, takeCensus } from './census.table.ts';
import type { Acme, AcmeInput } from './compose-acme.ts';
import { composeBoards } from './compose-boards.ts';
import { openBus } from './compose-bus.ts';
import { composeCluster, processName } from './compose-cluster.ts';
import { composeDatabase } from './compose-database.ts';
import type { Internet } from './compose-federation.ts';
import { openFurtherListeners } from './compose-listeners.ts';
import { composeMemory } from './compose-memory.ts';
import { composeParts, type Parts } from './compose-parts.ts';
import { composePlacement } from './compose-placement.ts';
import { composeRestored } from './compose-restored.ts';
import { composeServers, type Federating } from './compose-servers.ts';
import { listenControl, type OwnHealth } from './control.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { lockFolder } from './folder-lock.ts';
import { freeSpace } from './free-space.ts';
import { listenHttp } from './listen.ts';
import { readMadeFront } from './made-front.ts';
import { openDatabase } from './open-database.ts';
import { ExposedEngines } from './open-engines.ts';
import { Operators, operatorListener } from './operator-listener.ts';
import { RunRecord } from './run-record.ts';
import { servedEndpoints } from './served-endpoints.ts';
import type { SystemMemory } from './system-memory.ts';
import { wellKnownOf } from './well-known.ts';

/** What differs between production, tests and simulations. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Undefined where they are switched off: nothing counts then, and their library is not loaded. */
  readonly metrics: Metrics | undefined;
  readonly version: string;
  /** For tests that break a database: what opens it, instead of what the settings say. */
  readonly openDatabase?: typeof openDatabase;
  /** For simulations of several servers in one process: takes the server instead of a port, and gives it a URL. */
  readonly listen?: (server: HttpServer) => Promise<string>;
  /** Undefined: nobody watches over memory, since servers that share a process cannot tell whose it is. */
  readonly systemMemory?: SystemMemory;
  /** For several servers of one process that stand for processes of one cluster: their bus. */
  readonly bus?: Bus;
  /** The settings as other boards of a cluster need them. */
  readonly sharedSettings?: (from: SettingsSource) => SharedFile[];
  /** For simulations: brings requests to other servers. */
  readonly carry?: Carry;
  /** For simulations: what makes keys of passwords. A thread is done at another moment each time. */
  readonly argon2id?: Argon2id;
  /** For tests: DNS and web pages other than the world's. */
  readonly internet?: Internet;
}

/** A server that runs. Disposing it drains: what waits is answered, then everything is closed. */
export interface Running extends AsyncDisposable {
  readonly serverName: ServerName;
  /** Whether this was the first start on its data folder. */
  readonly firstStart: boolean;
  readonly listeners: readonly Listener[];
  status(): Promise<Status>;
  /** Tells those in front of it to send what is new elsewhere, where there is an elsewhere, and gives them time for it. */
  drain(): Promise<void>;
  /** A link, good for a day, with which the first administrator makes an account; undefined when there is one already. */
  firstAdministratorLink(): Promise<string | undefined>;
}

const DAY_MS = 86_400_000;

/** Builds the parts and hands them to each other; everything that was opened is closed again when one of them fails. */
export async function compose(config: Config, environment: Environment): Promise<Running> {
  const { clock, random, log, metrics, version } = environment;
  const startedAt = clock.monotonic();
  await using opened = new AsyncDisposableStack();
  const memory = opened.use(composeMemory(config, environment));
  const { budget, admission } = memory;

  const folder = openDataFolder(config.data_dir, config.server_name, random);
  const name = processName(config);
  opened.use(lockFolder(folder.path, name));
  const runs = opened.use(RunRecord.begin(folder.path, name, clock));
  const machine = {
    disk: () => freeSpace(folder.path),
    cutOff: (since: number) => runs.cutOff(since),
    front: () => readMadeFront(folder.path),
  };
  const { serverName } = folder;
  const registrations = readRegistrations(config.appservices, serverName);
  const openAny = environment.openDatabase ?? openDatabase;
  const { db, move } = await composeDatabase({ config, folder, open: openAny, clock, random, log });
  opened.use(db);
  opened.use(move);
  const open = opened.use(await openBus(config, serverName, environment));
  const { bus } = open;
  const cluster = composeCluster(config, { ...environment, db, bus });
  const { leases } = cluster;
  // Closed after all that works here, and before the bus.
  opened.use(cluster);
  opened.use(open.expecting(async () => cluster.living()));
  const others = composeServers({ ...environment, config, folder, db, bus, leases, budget, admission, machine });
  if (others !== undefined) opened.use(others);
  const parts = opened.use(
    composeParts({
      ...environment,
      config,
      folder,
      db,
      bus,
      leases,
      budget,
      admission,
      registrations,
      remote: others?.remote,
    }),
  );
  const federating = others?.joinTo(parts, opened);
  const http = httpParts(parts, federating, config, { ...environment, memory: memory.http });
  const { forClients, forAdmins } = servedEndpoints({ config, folder, parts, federating, version });
  const client = new HttpServer(http);
  const acme = await withAcme(config, { ...environment, folder, db, leases, serverName, http });
  if (acme !== undefined) opened.use(acme);
  client.add([...forClients.filter(endpoint => cluster.answers(endpoint)), ...(acme?.routes ?? [])]);
  await cluster.start();
  const restored = { db, path: folder.path, deviceLists: parts.keys.deviceLists, clock, log: log.child('database') };
  opened.use(await composeRestored(restored));
  await parts.start();
  await federating?.start();

  const clientUrl = await (environment.listen ?? (server => listenHttp(server, config.listen.client)))(client);
  opened.defer(() => client.close());
  await cluster.serves(clientUrl);
  const routes = federating && [...federating.routes, wellKnownServer(wellKnownOf(config))];
  const further = await openFurtherListeners(
    acme?.config ?? config,
    { http, forAdmins, routes, metrics, clock, log },
    opened,
  );
  const listeners: Listener[] = [{ name: 'clients', url: clientUrl }, ...further, ...(acme?.listeners ?? [])];
  acme?.start();
  const boards = opened.use(composeBoards({ ...environment, config, folder, db }));
  const placement = opened.use(composePlacement({ ...environment, config, db, leases }));
  const operators = opened.use(
    new Operators(() =>
      operatorListener(parts, config, {
        log,
        version,
        further: [
          ...databaseRoutes(movingDatabase(move)),
          ...boardRoutes(boards),
          ...placement.forAdmins,
          ...(federating?.forAdmins ?? []),
        ],
      }),
    ),
  );
  const exposed = opened.use(new ExposedEngines(config, { clock, log }));
  opened.use(await listenControl(folder.path, name, { status, health, administer: () => operators.administer() }));

  const closing = opened.move();
  return {
    serverName,
    firstStart: folder.isNew,
    listeners,
    status,
    firstAdministratorLink,
    async drain() {
      client.drain();
      await cluster.leave();
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };

  async function status(): Promise<Status> {
    const uptimeSeconds = (clock.monotonic() - startedAt) / 1000;
    const own = { version, serverName, uptimeSeconds, listeners, certificate: acme?.status() };
    const common = { ...own, memory: memory.status(), ...(await figures(db)) };
    const [processes, faults] = [await cluster.status(), await placement.faults()];
    return {
      ...common,
      bus: open.status(),
      openToAll: exposed.found,
      cluster: processes,
      boards: await boards.status(),
      placement: faults,
      ...(await federating?.status()),
    };
  }

  async function health(): Promise<OwnHealth> {
    return { database: await databaseHealth(db, () => clock.monotonic()), clocks: federating?.clocks() };
  }

  async function firstAdministratorLink(): Promise<string | undefined> {
    if (await hasAdministrator(db)) return undefined;
    const expires = clock.now() + DAY_MS;
    return invitationLink(config, folder, { localpart: undefined, admin: true, expires }, clientUrl);
  }
}

function httpParts(
  parts: Parts,
  federating: Pick<Federating, 'authenticateServer' | 'countServer' | 'failed'> | undefined,
  config: Config,
  { log, metrics, memory }: Environment & { readonly memory: HttpMemory },
): HttpParts {
  return {
    log: log.child('http'),
    authenticate: (token, use) => parts.accounts.authenticate(token, use),
    countRequest: (limit, who, ip) => parts.accounts.limits.count(limit, who, ip),
    audit: (who, request) => parts.administration.audit.note(who, request),
    trustedProxies: config.trusted_proxies,
    memory,
    ...(metrics !== undefined && { observe: observeRequests(metrics) }),
    ...(federating && {
      authenticateServer: federating.authenticateServer,
      countServer: federating.countServer,
      failed: federating.failed,
    }),
  };
}

/** Its code is loaded where it is wanted. @throws TlsFileError, ListenError */
async function withAcme(config: Config, input: AcmeInput): Promise<Acme | undefined> {
  if (!config.tls.acme.enabled) return undefined;
  const { composeAcme } = await import('./compose-acme.ts');
  return composeAcme(config, input);
}

/** What is counted anew each time somebody asks for the status. */
async function figures(db: Database) {
  const { databaseBytes, ...counts } = await takeCensus(db, db.dialect);
  const kind: Status['database']['kind'] = db.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  return {
    ...counts,
    pid: process.pid,
    database: { kind, bytes: databaseBytes },
  };
}

/** Under the public address where one is set, else under that of the listener. */
export function invitationLink(
  config: Config,
  folder: DataFolder,
  invitation: Parameters<typeof sealInvitation>[0],
  listenerUrl: string,
): string {
  const secret = Buffer.from(folder.secrets.token_secret, 'base64url');
  const base = (config.public_base_url ?? listenerUrl).replace(/\/+$/, '');
  return `${base}${WELCOME_PATH}?invitation=${sealInvitation(invitation, secret)}`;
}

function observeRequests(metrics: Metrics) {
  const seconds = metrics.histogram('http_request_seconds', 'Time to answer.', ['route', 'method', 'status']);
  return (route: string, method: string, status: number, milliseconds: number) =>
    seconds.observe({ route, method, status: `${Math.floor(status / 100)}xx` }, milliseconds / 1000);
}
