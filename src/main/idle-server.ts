import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { SoleLeases } from '../cluster/leases.ts';
import type { Config } from '../config/schema.ts';
import type { HttpServer } from '../http/server.ts';
import { openBus } from './compose-bus.ts';
import { openOwnDatabase } from './compose-database.ts';
import { composeMemory } from './compose-memory.ts';
import { composeParts } from './compose-parts.ts';
import type { DataFolder } from './data-folder.ts';
import { lockFolder } from './folder-lock.ts';
import type { openDatabase } from './open-database.ts';
import { operatorListener } from './operator-listener.ts';

/** The parts of a server that listens nowhere, for a command that finds none running. */
export interface IdleServer extends AsyncDisposable {
  readonly http: HttpServer;
  /** Resolves when the work in rooms that a change of an account asks for is done. */
  settle(): Promise<void>;
}

/** @throws DataFolderError when somebody else has the folder */
export async function openIdleServer(
  config: Config,
  folder: DataFolder,
  { log, version, open }: { readonly log: Log; readonly version: string; readonly open: typeof openDatabase },
): Promise<IdleServer> {
  const [clock, random] = [systemClock, systemRandom];
  await using opened = new AsyncDisposableStack();
  opened.use(lockFolder(folder.path));
  const { budget, admission } = opened.use(composeMemory(config, { clock, log, metrics: undefined }));
  const db = opened.use(await openOwnDatabase(config, folder.serverName, open));
  const { bus } = opened.use(await openBus(config, folder.serverName, { clock, random, log, metrics: undefined }));
  // Nothing is told to other servers and application services from here: they are, when the server runs.
  const parts = opened.use(
    composeParts({
      config,
      folder,
      db,
      bus,
      leases: new SoleLeases(),
      clock,
      random,
      log,
      budget,
      admission,
      registrations: undefined,
      remote: undefined,
    }),
  );
  const http = operatorListener(parts, config, { log, version, further: [] });
  opened.defer(() => http.close());
  await parts.start();
  const closing = opened.move();
  return {
    http,
    settle: () => parts.accounts.tasks.idle(),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
