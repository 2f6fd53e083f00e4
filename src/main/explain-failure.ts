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

/** What to print when a command fails: the reason for people where we foresaw it, everything where we did not. */
export function explainFailure(error: unknown): string {
  if (error instanceof ConfigError) return `the settings cannot be used:\n${error.message}`;
  if (FOR_PEOPLE.some(kind => error instanceof kind)) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
