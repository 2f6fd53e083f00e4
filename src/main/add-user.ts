import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import type { AddUserArgs } from '../cli/commands.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { JsonObject } from '../core/json.ts';
import { Nids } from '../rooms/nids.table.ts';
import { accountMaker } from './account-maker.ts';
import { invitationLink } from './compose.ts';
import { openSharedDatabase } from './compose-database.ts';
import { budgetOf } from './compose-memory.ts';
import { askControl } from './control.ts';
import { type DataFolder, DataFolderError } from './data-folder.ts';
import { openExisting } from './existing-data.ts';
import { reachable } from './listen.ts';
import { openDatabase } from './open-database.ts';
import { askPassword, readPasswordLine } from './password-input.ts';

const DAY_MS = 86_400_000;

/** `copse user add`: makes an account in the database itself, so that it works beside a running server and without one. */
export async function addUser(args: ConfigArgs, wanted: AddUserArgs): Promise<number> {
  const config = loadConfig(args);
  const folder = openExisting(config);
  const localpart = ownLocalpart(wanted.localpart, folder.serverName);
  await using db = await openSharedDatabase(config, folder.serverName, openDatabase);
  const nids = new Nids(budgetOf(config.memory));
  const parts = { db, config, serverName: folder.serverName, clock: systemClock, random: systemRandom, nids };
  const accounts = accountMaker(parts);
  const name = `@${localpart}:${folder.serverName}`;
  if (await accounts.exists(localpart)) throw new DataFolderError(`The account ${name} exists already.`);
  const password = await passwordFor(wanted);
  const { admin } = wanted;
  const say = (text: string, json: JsonObject) => console.log(wanted.json ? JSON.stringify(json, null, 2) : text);
  if (password === undefined) {
    const link = await linkFor(config, folder, localpart, admin);
    const json = { user_id: name, admin, link };
    say(`Open this link within a day to choose the password of ${name}:\n${link}`, json);
    return 0;
  }
  await accounts.create({ localpart, password, admin });
  say(`The account ${name} is ready${admin ? ', as server administrator' : ''}.`, { user_id: name, admin });
  return 0;
}

function ownLocalpart(given: string, serverName: string): string {
  if (!given.startsWith('@')) return given.toLowerCase();
  const at = given.indexOf(':');
  if (at < 0) return given.slice(1).toLowerCase();
  if (given.slice(at + 1) !== serverName) throw new DataFolderError(`${given} is no user of ${serverName}.`);
  return given.slice(1, at).toLowerCase();
}

/** Undefined: the user shall choose it. So it is too when there is nobody to ask. */
async function passwordFor(wanted: AddUserArgs): Promise<string | undefined> {
  if (wanted.password === 'stdin') return readPasswordLine(process.stdin);
  if (wanted.password === 'link' || process.stdin.isTTY !== true) return undefined;
  return askPassword(process.stdin, process.stdout);
}

async function linkFor(config: Config, folder: DataFolder, localpart: string, admin: boolean): Promise<string> {
  const running = await askControl(folder.path);
  const { host, port } = config.listen.client;
  const url = running?.listeners[0]?.url ?? `http://${reachable(host)}:${port}`;
  return invitationLink(config, folder, { localpart, admin, expires: systemClock.now() + DAY_MS }, url);
}
