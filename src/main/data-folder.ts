import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { jsonIfValid } from '../base/if-readable.ts';
import { generateSeed, signingKeyFromSeed } from '../base/node-crypto.ts';
import { type Random, randomLetters, randomToken } from '../base/random.ts';
import { syncFolder, writeDurably } from '../base/write-durably.ts';
import { decodeBase64, encodeBase64 } from '../core/base64.ts';
import type { SigningKey } from '../core/crypto.ts';
import { isResolvable, isServerName, parseServerName, type ServerName } from '../core/ids.ts';

/** Random values of this installation. Each is base64url of 32 bytes. */
export interface Secrets {
  /** For scripts that make accounts, unless the settings give one. */
  readonly registration_shared_secret: string;
  /** Signs tokens and links that nothing else records. */
  readonly token_secret: string;
  /** The key of the state tree's fingerprints: without it nobody can make two states collide. */
  readonly fingerprint_key: string;
}

export interface DataFolder {
  readonly path: string;
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  readonly secrets: Secrets;
  /** Whether this call made it. */
  readonly isNew: boolean;
}

/** The data folder cannot be used as it is: the message says why and what to do. */
export class DataFolderError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DataFolderError';
  }
}

const NAME_FILE = 'server-name';
const KEY_FILE = 'signing.key';
const SECRETS_FILE = 'secrets.json';
/** Of the whole server too, where somebody made them: see old-keys.ts and front-plan.ts. */
export const OLD_KEYS_FILE = 'old-signing-keys';
export const SERVICES_FILE = 'services.json';
const FURTHER_FILES = [OLD_KEYS_FILE, SERVICES_FILE];
/** Who says no name at the first start wants to try things out. */
export const TRIAL_NAME = 'localhost';

/** Opens the data folder, and makes it at the first start. @throws DataFolderError */
export function openDataFolder(path: string, wantedName: string | undefined, random: Random): DataFolder {
  makeFolder(path);
  // Written last, so that a first start that was cut short is done again from the beginning.
  const isNew = !existsSync(join(path, NAME_FILE));
  if (isNew) fill(path, wantedName ?? TRIAL_NAME, random);
  requireRights(path);
  closeToOthers(path);
  const serverName = readName(path, wantedName);
  return { path, serverName, signingKey: readSigningKey(path), secrets: readSecrets(path), isNew };
}

/** What a server writes again and again, beside what makes it itself. */
const WRITTEN_FILES = ['copse.db', 'copse.db-wal', 'copse.db-shm', 'lock', 'runs.json', 'restore-mark'];

/** What root has put back from a backup, or left by a command, the server finds out about only when it serves already. */
function requireRights(path: string): void {
  for (const file of WRITTEN_FILES.map(name => join(path, name))) {
    if (existsSync(file)) attempt(file, () => accessSync(file, constants.R_OK | constants.W_OK));
  }
}

/** A folder that came back from a backup may be open to everybody. */
function closeToOthers(path: string): void {
  for (const file of [KEY_FILE, SECRETS_FILE].map(name => join(path, name))) {
    if (existsSync(file)) attempt(file, () => chmodSync(file, 0o600));
  }
}

function attempt(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new DataFolderError(
      `${file} has to belong to the user who runs this, who may read and write it (${(error as Error).message}). ` +
        `So has everything in the folder: chown -R USER ${dirname(file)}, and chmod -R u+rwX.`,
      error,
    );
  }
}

/** Whether there is a server's data at `path`. */
export function isDataFolder(path: string): boolean {
  return existsSync(join(path, NAME_FILE));
}

/** The files that make a data folder that of its server, as another machine needs them. @throws DataFolderError */
export function folderFiles(path: string): { readonly name: string; readonly text: string }[] {
  const needed = [KEY_FILE, SECRETS_FILE, NAME_FILE];
  const names = [...needed, ...FURTHER_FILES.filter(name => existsSync(join(path, name)))];
  return names.map(name => ({ name, text: readPart(path, name) }));
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${path} cannot be made or belongs to somebody else (${(error as Error).message}). Name another one with --data.`,
      error,
    );
  }
}

/** What makes an installation itself: nothing in it is the same in another one. */
export function newSecrets(random: Random): { readonly signingKey: string; readonly secrets: Secrets } {
  return {
    signingKey: `ed25519 a_${randomLetters(random, 4)} ${encodeBase64(generateSeed(random))}`,
    secrets: {
      registration_shared_secret: randomToken(random, 32),
      token_secret: randomToken(random, 32),
      fingerprint_key: randomToken(random, 32),
    },
  };
}

/**
 * Other servers compare names letter by letter and look them up in DNS: a name that is chosen with a capital letter, or that
 * cannot be looked up, is a trap. Who has one keeps it. @throws DataFolderError
 */
export function requireGoodName(name: string): void {
  const parsed = parseServerName(name);
  const remedy =
    name !== name.toLowerCase()
      ? `has capital letters, which others would have to write as well. Write ${name.toLowerCase()}`
      : parsed === undefined || !isResolvable(parsed)
        ? 'cannot be looked up by anybody. Write one such as example.org'
        : undefined;
  if (remedy !== undefined)
    throw new DataFolderError(`The server name ${name} ${remedy}: a server cannot change its name later.`);
}

function fill(path: string, name: string, random: Random): void {
  requireGoodName(name);
  if (existsSync(join(path, 'copse.db'))) {
    throw new DataFolderError(
      `${path} holds a database but not the file ${NAME_FILE}. Put it back from your backup: it holds the server's name.`,
    );
  }
  const { signingKey, secrets } = newSecrets(random);
  syncAbove(resolve(path));
  writeDurably(join(path, KEY_FILE), `${signingKey}\n`);
  writeDurably(join(path, SECRETS_FILE), `${JSON.stringify(secrets, null, 2)}\n`);
  writeDurably(join(path, NAME_FILE), `${name}\n`);
}

/** Without this, a power cut in the first minutes may take the whole folder, whatever was synced inside it. */
function syncAbove(path: string): void {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    try {
      syncFolder(dirname(at));
    } catch {
      // A folder that this user may not read is none that was made for the data.
      return;
    }
  }
}

function readName(path: string, wanted: string | undefined): ServerName {
  const name = readPart(path, NAME_FILE).trim();
  if (!isServerName(name)) throw new DataFolderError(`${join(path, NAME_FILE)} holds no server name.`);
  if (wanted !== undefined && wanted !== name) {
    throw new DataFolderError(
      `${path} belongs to the server ${name}, and a server cannot change its name: users, rooms and signatures carry it. ` +
        `Start with --name ${name}, or give ${wanted} a data folder of its own with --data.`,
    );
  }
  return name;
}

/** One line, `ed25519 a_AbCd SEED`: the format in which Synapse keeps its key, so that one can be taken over. */
function readSigningKey(path: string): SigningKey {
  const [algorithm, version, seed = ''] = readPart(path, KEY_FILE).trim().split(/\s+/);
  const bytes = decodeBase64(seed);
  if (algorithm !== 'ed25519' || version === undefined || !/^\w+$/.test(version) || bytes?.length !== 32) {
    throw new DataFolderError(`${join(path, KEY_FILE)} must be one line: ed25519, an ID and 32 bytes in base64.`);
  }
  return signingKeyFromSeed(`ed25519:${version}`, bytes);
}

function readSecrets(path: string): Secrets {
  const found = jsonIfValid(readPart(path, SECRETS_FILE)) as Partial<Secrets> | undefined;
  const { registration_shared_secret, token_secret, fingerprint_key } = found ?? {};
  if (!registration_shared_secret || !token_secret || !fingerprint_key) {
    throw new DataFolderError(`${join(path, SECRETS_FILE)} is incomplete. Put it back from your backup.`);
  }
  return { registration_shared_secret, token_secret, fingerprint_key };
}

function readPart(path: string, file: string): string {
  try {
    return readFileSync(join(path, file), 'utf8');
  } catch (error) {
    throw new DataFolderError(
      `${join(path, file)} cannot be read (${(error as Error).message}). If it is lost, put it back from your backup; ` +
        'Copse never makes a new one for a server that has users.',
      error,
    );
  }
}
