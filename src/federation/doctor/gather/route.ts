import { Budget } from '../../../base/budget.ts';
import type { ServerName } from '../../../core/ids.ts';
import {
  Discovery,
  DiscoveryError,
  type DiscoveryFact,
  type DiscoveryParts,
  type Target,
} from '../../transport/discovery.ts';
import type { NameServer } from '../../transport/resolver.ts';
import type { LookupFacts, RouteFacts } from '../facts.ts';
import { gatherNameServers } from './name-servers.ts';
import { twice } from './twice.ts';

/** What one search remembers is thrown away with it. */
const SCRATCH_BYTES = 1024 * 1024;

export interface FoundRoute {
  readonly facts: Omit<RouteFacts, 'places'>;
  readonly targets: readonly Target[];
}

export interface RouteParts extends Omit<DiscoveryParts, 'budget'> {
  /** Those of the machine; undefined or one: what the search asks. */
  readonly nameServers?: (() => readonly NameServer[]) | undefined;
}

/** Finds a server by its name, from the beginning: what was found earlier may be what is wrong. */
export async function gatherRoute(parts: RouteParts, server: ServerName): Promise<FoundRoute> {
  const [{ facts, targets }, nameServers] = await Promise.all([
    twice(
      parts.clock,
      () => search(parts, server),
      ({ facts }) => facts.error === null && facts.lookups.every(isAnswered),
    ),
    gatherNameServers(parts.clock, parts.nameServers?.() ?? [], server),
  ]);
  return { facts: { ...facts, nameServers }, targets };
}

/** What a web server says of itself when it is busy or starting says nothing of the name. */
function isAnswered(lookup: LookupFacts): boolean {
  if (lookup.what !== 'well-known') return lookup.error === null;
  return lookup.status !== null && lookup.status < 500 && lookup.status !== 429;
}

async function search(parts: RouteParts, server: ServerName): Promise<FoundRoute> {
  const discovery = new Discovery({ ...parts, budget: new Budget(SCRATCH_BYTES) });
  try {
    const { step, host, certName, facts, targets } = await discovery.resolve(server);
    return { facts: { step, host, certName, lookups: facts.map(lookup), error: null }, targets };
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    const lookups = error.facts.map(lookup);
    return { facts: { step: null, host: null, certName: null, lookups, error: error.message }, targets: [] };
  }
}

function lookup(fact: DiscoveryFact): LookupFacts {
  const error = fact.error ?? null;
  if (fact.what === 'well-known') {
    const { what, urls, status = null, delegatedTo = null } = fact;
    return { what, urls: [...urls], status, delegatedTo, error };
  }
  if (fact.what === 'addresses') return { what: fact.what, host: fact.host, addresses: [...fact.addresses], error };
  const targets = fact.records.map(({ name, port, priority, weight }) => `${priority} ${weight} ${port} ${name}`);
  return { what: fact.what, name: fact.name, targets, error };
}
