import type { Clock } from '../../base/clock.ts';
import type { Database, Tx } from '../../db/database.ts';
import { lockReader } from '../../rooms/log-reader.table.ts';
import type { RoomRegistry } from '../../rooms/room-registry.ts';
import { dropPending, recordSuccess } from './destination.table.ts';
import { GatheredWrites } from './gathered-writes.ts';
import { READER } from './log-follower.ts';
import type { Moves, RangeStep } from './moves.ts';
import { moveList } from './outbound-device-list.table.ts';
import { deleteEdus } from './outbound-edu.table.ts';
import { moveRanges } from './outbound-ranges.table.ts';

export interface AcknowledgementsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly rooms: RoomRegistry;
}

export interface Acknowledgement {
  readonly domainNid: number;
  readonly moves: Moves;
  /** It failed before: that is over. */
  readonly hasRecovered: boolean;
  /** Written in the same transaction. */
  readonly also?: ((tx: Tx) => Promise<void>) | undefined;
}

/**
 * Writes down what has arrived. What many servers acknowledge while one transaction is written goes into the next one
 * together, and the same step of many servers into one statement.
 */
export class Acknowledgements {
  readonly #parts: AcknowledgementsParts;
  readonly #writes = new GatheredWrites<Acknowledgement, ReadonlySet<number>>(some => this.#write(some));

  constructor(parts: AcknowledgementsParts) {
    this.#parts = parts;
  }

  /** Resolves when it is durable, and says whether more has come meanwhile to what the transaction brought. */
  async write(acknowledgement: Acknowledgement): Promise<boolean> {
    return (await this.#writes.write(acknowledgement)).has(acknowledgement.domainNid);
  }

  /** Answers the numbers of the servers whose ranges go on. */
  async #write(some: readonly Acknowledgement[]): Promise<ReadonlySet<number>> {
    const { db, clock, rooms } = this.#parts;
    const now = clock.now();
    const roomNids = new Set(some.flatMap(({ moves }) => moves.ranges.map(step => step.roomNid)));
    const shards = new Map([...(await rooms.byNids(db, roomNids)).values()].map(room => [room.nid, room.shard]));
    const recovered = some.filter(({ hasRecovered }) => hasRecovered).map(({ domainNid }) => domainNid);
    return db.tx(async tx => {
      const left = new Set<number>();
      const followed = await lockReader(tx, READER, [...new Set(shards.values())]);
      for (const { step, domainNids } of grouped(some)) {
        const upTo = followed.get(shards.get(step.roomNid) ?? -1) ?? 0;
        for (const nid of await moveRanges(tx, domainNids, { ...step, followed: upTo, now })) left.add(nid);
      }
      const edus = some.flatMap(({ moves }) => moves.edus);
      if (edus.length > 0) await deleteEdus(tx, edus);
      for (const { domainNid, moves } of some) for (const step of moves.lists) await moveList(tx, domainNid, step);
      const domainNids = some.map(({ domainNid }) => domainNid);
      await dropPending(tx, domainNids);
      if (recovered.length > 0) await recordSuccess(tx, recovered);
      for (const { also } of some) await also?.(tx);
      return left;
    });
  }
}

/** Steps that several servers make alike, which is the rule: a message goes to all at once. */
function grouped(some: readonly Acknowledgement[]): { readonly step: RangeStep; readonly domainNids: number[] }[] {
  const groups = new Map<string, { step: RangeStep; domainNids: number[] }>();
  for (const { domainNid, moves } of some) {
    for (const step of moves.ranges) {
      const key = `${step.roomNid} ${step.kind} ${step.from} ${step.upTo}`;
      const group = groups.get(key) ?? { step, domainNids: [] };
      groups.set(key, group);
      group.domainNids.push(domainNid);
    }
  }
  return [...groups.values()];
}
