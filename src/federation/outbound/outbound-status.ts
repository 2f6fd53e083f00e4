import type { Clock } from '../../base/clock.ts';
import type { Database } from '../../db/database.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import { longestFailing } from './destination.table.ts';
import { queuedEdus } from './outbound-edu.table.ts';
import { oldestRange } from './outbound-ranges.table.ts';
import type { Sender } from './sender.ts';
import { countSetAside } from './set-aside.table.ts';

export interface FailingServer {
  readonly server: string;
  readonly forSeconds: number;
  readonly reason: string;
}

/** What is told of sending to other servers. */
export interface OutboundStatus {
  /** Servers that are being sent something, that wait for their turn, and that do not take what they are sent. */
  readonly active: number;
  readonly waiting: number;
  readonly failing: number;
  /** How long the server that waits longest for an event has waited. */
  readonly oldestSeconds: number;
  /** Messages to devices that wait. */
  readonly queuedEdus: number;
  readonly queuedEduBytes: number;
  readonly setAside: number;
  readonly longestFailing: readonly FailingServer[];
}

export interface StatusParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly nids: Nids;
  readonly sender: Pick<Sender, 'load'>;
}

const MOST_NAMED = 5;

export async function outboundStatus({ db, clock, nids, sender }: StatusParts): Promise<OutboundStatus> {
  const now = clock.now();
  const since = (at: number | undefined) => (at === undefined ? 0 : Math.max(0, now - at) / 1000);
  const { edus, bytes } = await queuedEdus(db);
  const failing = await longestFailing(db, MOST_NAMED);
  const names = await nids.domains.names(
    db,
    failing.map(row => row.domain_nid),
  );
  return {
    ...sender.load,
    oldestSeconds: since(await oldestRange(db)),
    queuedEdus: edus,
    queuedEduBytes: bytes,
    setAside: await countSetAside(db),
    longestFailing: failing.flatMap(({ domain_nid, failing_since, reason }) => {
      const server = names.get(domain_nid);
      return server === undefined ? [] : [{ server, forSeconds: since(failing_since), reason }];
    }),
  };
}
