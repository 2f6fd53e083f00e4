import { RefusedError, UsageError } from '../cli/admin-server.ts';
import { JoiningError } from '../cluster/joining/joining-error.ts';
import { LabError } from '../cluster/lab/lab-error.ts';
import { ConfigError } from '../config/problems.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { DatabaseUnavailableError } from '../db/database.ts';
import { MigrationError } from '../db/migrate.ts';
import { MoveError } from '../db/moving/move-error.ts';
import { FactsError } from '../federation/doctor/read-facts.ts';
import { FrontError } from '../front/front-error.ts';
import { DataFolderError } from './data-folder.ts';
import { ListenError } from './listen.ts';
import { PasswordInputError } from './password-input.ts';
import { TlsFileError } from './tls-files.ts';

const FOR_PEOPLE = [
  DataFolderError,
  ListenError,
  PasswordInputError,
  TlsFileError,
  MigrationError,
  MoveError,
  DatabaseUnavailableError,
  MatrixError,
  RefusedError,
  UsageError,
  FactsError,
  FrontError,
  JoiningError,
  LabError,
];

/** What to do about what PostgreSQL answers to who opens a database, by its codes (its manual, appendix A). */
const REFUSED_BY_POSTGRES: ReadonlyMap<string, string> = new Map([
  ...['28P01', '28000'].map(code => [code, 'See that user and password in `database.url` are right.'] as const),
  ['3D000', 'Make it, or name another one in `database.url`: docs/postgresql.md says how.'],
  ...['42501', '3F000'].map(
    code => [code, 'The user in `database.url` has to own the database: docs/postgresql.md.'] as const,
  ),
  ['42P07', 'Give Copse a database of its own, with nothing in it: docs/postgresql.md.'],
]);
const NO_ANSWER = 'See that it runs, and that `database.url` names it: docs/runbooks/lost-database.md.';

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

/** What to do about what the system refuses, by its codes (errno(3)). */
const REFUSED_BY_SYSTEM: ReadonlyMap<string, string> = new Map([
  ...['ENOSPC', 'EDQUOT'].map(code => [code, 'Make room on the disk: docs/runbooks/full-disk.md.'] as const),
  ...['EACCES', 'EPERM'].map(code => [code, 'See who owns it, and run this as that user.'] as const),
  ['EROFS', 'The disk takes nothing any more: the log of the machine says why (dmesg).'],
]);

/** What to print when a command fails: the reason for people where we foresaw it, everything where we did not. */
export function explainFailure(error: unknown): string {
  if (error instanceof ConfigError) return `the settings cannot be used:\n${error.message}`;
  const ofDatabase = explainDatabase(error);
  if (ofDatabase !== undefined) return ofDatabase;
  if (FOR_PEOPLE.some(kind => error instanceof kind)) return (error as Error).message;
  const { code, message } = Object(error) as NodeJS.ErrnoException;
  const remedy = REFUSED_BY_SYSTEM.get(String(code));
  if (remedy !== undefined) return `${message}.\n    ${remedy}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function explainDatabase(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (error instanceof DatabaseUnavailableError && error.message.includes('PostgreSQL'))
    return `${error.message}\n    ${NO_ANSWER}`;
  if (typeof errcode === 'number' && DAMAGED.has(errcode & 0xff))
    return `The database in the data folder is damaged: ${error.message}.\n    Keep it as it is, and put one back from a backup: docs/backups.md.`;
  const remedy = REFUSED_BY_POSTGRES.get(String(code));
  return remedy === undefined ? undefined : `PostgreSQL refuses: ${error.message}.\n    ${remedy}`;
}
