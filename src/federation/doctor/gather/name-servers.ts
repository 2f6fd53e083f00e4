import type { Clock } from '../../../base/clock.ts';
import { parseServerName } from '../../../core/ids.ts';
import { LookupError, type NameServer } from '../../transport/resolver.ts';
import type { NameServerFacts } from '../facts.ts';
import { twice } from './twice.ts';

const MOST_NAME_SERVERS = 4;
const MOST_ADDRESSES = 8;

/** What each of our name servers says of a server's name, asked alone; nothing where there is one, which the search has asked. */
export async function gatherNameServers(
  clock: Clock,
  nameServers: readonly NameServer[],
  server: string,
): Promise<NameServerFacts[]> {
  const parsed = parseServerName(server);
  if (parsed?.kind !== 'dns' || nameServers.length < 2) return [];
  const asked = nameServers.slice(0, MOST_NAME_SERVERS).map(each =>
    twice(
      clock,
      () => askOne(clock, each, parsed.host),
      ({ error, srvError }) => error === null && srvError === null,
    ),
  );
  return Promise.all(asked);
}

async function askOne(clock: Clock, { address, resolver }: NameServer, host: string): Promise<NameServerFacts> {
  const began = clock.monotonic();
  const [found, srv] = await Promise.all([
    answered(() => resolver.lookup(host)),
    answered(async () => (await resolver.srv(`_matrix-fed._tcp.${host}`)).map(({ name }) => name)),
  ]);
  return {
    nameServer: address,
    host,
    addresses: found.names.slice(0, MOST_ADDRESSES),
    error: found.error,
    srvError: srv.error,
    took: clock.monotonic() - began,
  };
}

/** That there is nothing is an answer. */
async function answered(look: () => Promise<readonly string[]>): Promise<{ names: string[]; error: string | null }> {
  try {
    return { names: [...(await look())], error: null };
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    return { names: [], error: error.kind === 'not_found' ? null : error.message };
  }
}
