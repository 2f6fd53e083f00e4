import { ByteCache } from '../../base/byte-cache.ts';
import type { ServerName } from '../../core/ids.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { largestServers } from '../../rooms/room-domains.table.ts';

type Parts = Pick<RoomsParts, 'db' | 'nids' | 'clock' | 'serverName' | 'budget'>;

/** Of a room with thousands of servers so many are thought of. */
const MOST_THOUGHT_OF = 60;
const FIRST_REST_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;

/** Which servers are asked about a room: those with most users in it first, and last those that did not answer lately. */
export class PeerChoice {
  readonly #parts: Parts;
  readonly #failures: ByteCache<{ readonly times: number; readonly until: number }>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#failures = new ByteCache({ name: 'failing_peers', budget: parts.budget, weight: 2, sizeOf: () => 40 });
  }

  async of(room: Room, most: number, without: ReadonlySet<ServerName> = new Set()): Promise<ServerName[]> {
    const { db, nids, serverName, clock } = this.#parts;
    const found = await largestServers(db, room.nid, MOST_THOUGHT_OF);
    const names = await nids.domains.names(db, found);
    const others = found
      .map(nid => names.get(nid) as ServerName | undefined)
      .filter(name => name !== undefined && name !== serverName && !without.has(name)) as ServerName[];
    const now = clock.monotonic();
    const rests = (name: ServerName) => (this.#failures.get(name)?.until ?? 0) > now;
    return [...others.filter(name => !rests(name)), ...others.filter(rests)].slice(0, most);
  }

  answered(server: ServerName): void {
    this.#failures.delete(server);
  }

  failed(server: ServerName): void {
    const times = (this.#failures.get(server)?.times ?? 0) + 1;
    const rest = Math.min(FIRST_REST_MS * 2 ** (times - 1), LONGEST_REST_MS);
    this.#failures.set(server, { times, until: this.#parts.clock.monotonic() + rest });
  }
}
