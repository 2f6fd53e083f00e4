import type { Leases } from '../../../cluster/leases.ts';
import { roleOf } from '../../../cluster/roles.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { READER } from '../../outbound/log-follower.ts';
import type { DepartedFacts, WorkFacts } from '../facts.ts';
import { dueDestinations, dueInbox, dueWork, unreadOwnEvents, type WaitingWork } from '../work.table.ts';

/** The machine under this process. */
export interface Machine {
  /** Bytes where the data lie. */
  disk(): Promise<{ readonly free: number; readonly total: number }>;
  /** When runs since a time were cut off. */
  cutOff(since: number): readonly number[];
  /** The configuration of a proxy that Copse has made. */
  front(): { readonly program: string; readonly file: string } | undefined;
}

export interface WorkParts {
  readonly rooms: Pick<RoomsParts, 'db' | 'clock'>;
  readonly leases: Pick<Leases, 'workers'>;
}

export interface WorkSeen {
  readonly work: WorkFacts[];
  readonly departed: DepartedFacts[];
}

/** Work that waits, since when, and who should do it. Nothing has waited for longer than this process has looked. */
export async function gatherWork({ rooms, leases }: WorkParts, startedAt: number): Promise<WorkSeen> {
  const { db, clock } = rooms;
  const now = clock.now();
  const workers = await leases.workers();
  const holderOf = (work: string) => (workers === undefined ? 'this process' : (workers.holders.get(work) ?? null));
  const [inbox, destinations] = [await dueInbox(db, now), await dueDestinations(db)];
  const unread = (await unreadOwnEvents(db, READER)).map(
    ({ since, items }): WaitingWork => ({ work: 'federation-log', since: since ?? now, items }),
  );
  const waiting = [inbox ?? [], destinations ?? [], await dueWork(db, now), unread].flat();
  const oldest = [...Map.groupBy(waiting, ({ work }) => work).values()].map(oldestOf);
  return {
    work: oldest.map(({ work, since, items }) => ({
      ...{ work, role: roleOf(work), items, holder: holderOf(work) },
      since: Math.max(since, startedAt),
    })),
    departed: (workers?.departed ?? []).map(({ name, roles, ts }) => ({ name, roles: [...roles], at: ts })),
  };
}

function oldestOf(waiting: readonly WaitingWork[]): WaitingWork {
  const items = waiting.reduce((sum, each) => sum + each.items, 0);
  const [first, ...rest] = waiting;
  if (first === undefined) throw new Error('a group has something in it');
  return { ...first, since: rest.reduce((since, each) => Math.min(since, each.since), first.since), items };
}
