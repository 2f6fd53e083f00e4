import { isServerName, type ServerName } from '../../core/ids.ts';
import { type Errcode, MatrixError, notFound } from '../../core/matrix-error.ts';
import { remoteError } from './remote-error.ts';

/** Servers that are tried for one wish of a user. */
const MOST_SERVERS = 10;
/** Refusals that are told to the user. */
const MOST_TOLD = 5;

/** What says most about why nobody helped, first. */
const BY_WEIGHT: readonly Errcode[] = [
  'M_FORBIDDEN',
  'M_INCOMPATIBLE_ROOM_VERSION',
  'M_UNABLE_TO_GRANT_JOIN',
  'M_UNABLE_TO_AUTHORISE_JOIN',
  'M_LIMIT_EXCEEDED',
  'M_UNKNOWN',
  'M_NOT_FOUND',
];

/** Other servers, each once, in the order given, without ourselves and what is no server name. */
export function candidates(own: ServerName, ...lists: readonly (readonly (string | undefined)[])[]): ServerName[] {
  const names = new Set(lists.flat().filter((name): name is ServerName => name !== undefined && isServerName(name)));
  names.delete(own);
  return [...names].slice(0, MOST_SERVERS);
}

/**
 * Tries one server after the other until one helps.
 *
 * @throws MatrixError the refusal that says most, with the words of all servers that were asked
 */
export async function inTurn<T>(
  servers: readonly ServerName[],
  attempt: (server: ServerName) => Promise<T>,
): Promise<T> {
  const failures: MatrixError[] = [];
  for (const server of servers) {
    try {
      return await attempt(server);
    } catch (error) {
      const failure = remoteError(error);
      if (failure === undefined) throw error;
      failures.push(failure);
    }
  }
  throw summary(failures);
}

function summary(failures: readonly MatrixError[]): MatrixError {
  const [worst] = failures.toSorted((a, b) => weight(a) - weight(b));
  if (worst === undefined) return notFound('No server is known through which that room can be reached.');
  if (failures.length === 1) return worst;
  const told = [worst, ...failures.filter(each => each !== worst)].slice(0, MOST_TOLD).map(({ message }) => message);
  const { errcode, status, fields } = worst;
  return new MatrixError(errcode, told.join(' '), { status, fields, cause: worst });
}

function weight({ errcode }: MatrixError): number {
  const at = BY_WEIGHT.indexOf(errcode);
  return at === -1 ? BY_WEIGHT.length : at;
}
