import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writeDurably } from '../../base/write-durably.ts';
import type { KeyedCertificate } from './certificates.ts';
import { JoiningError } from './joining-error.ts';

/** What makes a machine a board of a cluster: the folder `cluster` in its data folder. */
export interface BoardIdentity {
  readonly name: string;
  /** `HOST:PORT` where its processes are reached by other boards, for what concerns the cluster. */
  readonly address: string;
  /** Whether the cluster began here: there was nobody to ask. */
  readonly isFounder: boolean;
  /** Other boards, as far as they were known when it joined. */
  readonly addresses: readonly string[];
  readonly board: KeyedCertificate;
  /** Each board can let others in. */
  readonly authority: KeyedCertificate;
}

const FOLDER = 'cluster';
const FILES = {
  identity: 'board.json',
  certificate: 'board.crt',
  key: 'board.key',
  authority: 'ca.crt',
  authorityKey: 'ca.key',
} as const;

/** Where a board keeps who it is. */
export function boardFolder(dataFolder: string): string {
  return join(dataFolder, FOLDER);
}

/** Undefined where the data folder is not that of a board. @throws JoiningError where it is half there */
export function readIdentity(dataFolder: string): BoardIdentity | undefined {
  const folder = boardFolder(dataFolder);
  if (!existsSync(join(folder, FILES.identity))) return undefined;
  try {
    const read = (file: string) => readFileSync(join(folder, file), 'utf8');
    const { name, address, isFounder, addresses } = JSON.parse(read(FILES.identity)) as BoardIdentity;
    return {
      ...{ name, address, isFounder, addresses },
      board: { certificate: read(FILES.certificate), key: read(FILES.key) },
      authority: { certificate: read(FILES.authority), key: read(FILES.authorityKey) },
    };
  } catch (error) {
    const reason = (error as Error).message;
    throw new JoiningError(
      `${folder} does not say which board this is (${reason}). Remove it and join again: copse join.`,
      error,
    );
  }
}

/** Writes all of it or nothing. False where the folder has an identity by now: that one counts. */
export function writeIdentity(dataFolder: string, identity: BoardIdentity): boolean {
  const { board, authority, ...who } = identity;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const made = mkdtempSync(join(dataFolder, '.cluster-'));
  try {
    writeDurably(join(made, FILES.certificate), board.certificate);
    writeDurably(join(made, FILES.key), board.key);
    writeDurably(join(made, FILES.authority), authority.certificate);
    writeDurably(join(made, FILES.authorityKey), authority.key);
    writeDurably(join(made, FILES.identity), `${JSON.stringify(who, null, 2)}\n`);
    renameSync(made, boardFolder(dataFolder));
    syncFolder(dataFolder);
    return true;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}
