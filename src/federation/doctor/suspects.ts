import type { ServerName } from '../../core/ids.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { LIMITED_MS } from '../inbound/allowances.ts';
import { limitedSince } from '../inbound/peer-allowance.table.ts';
import { type PaceRow, paces, restingServers, serversOfHoles } from './suspects.table.ts';

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
const MOST_PACES = 2000;
const MOST_OF_A_KIND = 20;
/** Whoever is tried again so soon needs nobody's attention. */
const SOON_MS = 10 * MINUTE_MS;
/** So unlikely a silence is no chance. */
const CHANCE = 1e-4;
/** From fewer transactions no rate can be read. */
const ENOUGH = 20;

/** Servers with which something may be wrong, by what the database says alone: silent, resting, limited by us, or with holes. */
export async function suspects({ db, nids, clock, serverName }: RoomsParts): Promise<ServerName[]> {
  const now = clock.now();
  const own = await nids.domains.findOne(db, serverName);
  if (own === undefined) return [];
  const silent = (await paces(db, now - WEEK_MS, MOST_PACES)).filter(pace => silenceChance(pace, now) < CHANCE);
  const resting = await restingServers(db, now + SOON_MS, MOST_OF_A_KIND);
  const lacking = await serversOfHoles(db, own, MOST_OF_A_KIND);
  const limited = await limitedSince(db, now - LIMITED_MS, MOST_OF_A_KIND);
  const nidsOfSilent = silent.slice(0, MOST_OF_A_KIND).map(pace => pace.origin_nid);
  const all = [...new Set([...nidsOfSilent, ...lacking, ...resting, ...limited])];
  const names = await nids.domains.names(db, all);
  return all.flatMap(nid => (names.get(nid) as ServerName | undefined) ?? []);
}

/** How likely it is that a server which sends at the rate that it had is silent for so long by chance (Poisson). */
export function silenceChance({ n, first, last }: PaceRow, now: number): number {
  if (n < ENOUGH || last <= first) return 1;
  const rate = (n - 1) / (last - first);
  return Math.exp(-rate * (now - last));
}
