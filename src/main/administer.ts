import { silentLog } from '../base/log.ts';
import { type AdminServer, type Method, RefusedError } from '../cli/admin-server.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { JsonObject } from '../core/json.ts';
import { askServer, type ControlAnswer } from './control.ts';
import type { DataFolder } from './data-folder.ts';
import { openExisting } from './existing-data.ts';
import { openDatabase } from './open-database.ts';
import { OPERATOR_TOKEN } from './operator-listener.ts';
import { VERSION } from './version.ts';

const HEADERS = { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' };

type Ask = (method: Method, path: string, body: string | undefined) => Promise<ControlAnswer>;

/** Runs `work` with the server of these settings: the one that runs, else one that is put together for this alone. */
export function administer<T>(args: ConfigArgs, work: (server: AdminServer) => Promise<T>): Promise<T> {
  return administerServer(loadConfig(args), work);
}

/** `open`: what opens the database of a server that does not run, for tests. */
export async function administerServer<T>(
  config: Config,
  work: (server: AdminServer) => Promise<T>,
  open: typeof openDatabase = openDatabase,
): Promise<T> {
  const folder = openExisting(config);
  const running = await askServer(folder.path, { path: '/_synapse/admin/v1/server_version', headers: HEADERS });
  if (running === undefined) return withoutServer(config, folder, open, work);
  return work(
    adminServer(folder, true, async (method, path, body) => {
      const answer = await askServer(folder.path, { method, path, headers: HEADERS, body });
      if (answer === undefined) throw new RefusedError('M_UNKNOWN', 'The server has stopped meanwhile.');
      return answer;
    }),
  );
}

/** Loads the whole server, which a command that finds one running need not. */
async function withoutServer<T>(
  config: Config,
  folder: DataFolder,
  open: typeof openDatabase,
  work: (server: AdminServer) => Promise<T>,
): Promise<T> {
  const { openIdleServer } = await import('./idle-server.ts');
  await using idle = await openIdleServer(config, folder, { log: silentLog, version: VERSION, open });
  const result = await work(
    adminServer(folder, false, async (method, url, payload) => {
      const answer = await idle.http.app.inject({
        method,
        url,
        headers: HEADERS,
        ...(payload !== undefined && { payload }),
      });
      return { status: answer.statusCode, text: answer.body };
    }),
  );
  await idle.settle();
  return result;
}

function adminServer({ serverName }: DataFolder, isRunning: boolean, ask: Ask): AdminServer {
  const call = async (method: Method, path: string, body?: JsonObject) =>
    read(await ask(method, path, body === undefined ? undefined : JSON.stringify(body)));
  return {
    serverName,
    isRunning,
    call: (method, path, body) => call(method, `/_synapse/admin/${path}`, body),
    async resolveAlias(alias) {
      const { room_id: roomId } = await call('GET', `/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`);
      return String(roomId);
    },
  };
}

/** @throws RefusedError */
function read({ status, text }: ControlAnswer): JsonObject {
  const answer = JSON.parse(text) as JsonObject;
  if (status < 300) return answer;
  throw new RefusedError(
    String(answer.errcode ?? 'M_UNKNOWN'),
    String(answer.error ?? `The server answered ${status}.`),
  );
}
