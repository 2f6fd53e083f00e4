import type { ServerName, UserId } from '../../../core/ids.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { deviceServer } from '../../devices/device-server.table.ts';
import { countWanted } from '../../devices/remote-device-list.table.ts';
import { Allowances } from '../../inbound/allowances.ts';
import { countWaiting } from '../../inbound/inbox.table.ts';
import { allowanceOf } from '../../inbound/peer-allowance.table.ts';
import { asideOf, stuckEvents, transactionsOf, waitingRooms } from '../doctor.table.ts';
import type { ReceivingFacts } from '../facts.ts';
import type { PeerLedger } from '../peer-ledger.ts';

const DAYS_MS = 7 * 86_400_000;
const MOST = 20;
/** Of an event so many are no chance any more. */
const MANY_TRIES = 3;

export interface ReceivingQuestion {
  readonly server: ServerName;
  readonly domainNid: number;
  readonly now: number;
  /** Users of whom it names other devices than we have. */
  readonly outdated: readonly UserId[];
}

/** What came from a server, and what became of it. */
export async function gatherReceiving(
  rooms: RoomsParts,
  ledger: Pick<PeerLedger, 'of' | 'startedAt'>,
  { server, domainNid, now, outdated }: ReceivingQuestion,
): Promise<ReceivingFacts> {
  const { db } = rooms;
  const record = ledger.of(server);
  const { n, at } = await transactionsOf(db, domainNid);
  const asked = await deviceServer(db, domainNid);
  const inRooms = await waitingRooms(db, domainNid, MOST);
  const stuck = await stuckEvents(db, domainNid, MANY_TRIES, MOST);
  return {
    since: ledger.startedAt,
    requests: record?.requests ?? 0,
    heardAt: record?.heardAt ?? null,
    refused: [...(record?.refused ?? [])],
    unknownVersions: [...(record?.unknownVersions ?? [])],
    transactions: n,
    transactionAt: at,
    waiting: await countWaiting(db, domainNid),
    waitingSince: inRooms[0]?.since ?? null,
    waitingRooms: inRooms.map(({ room_id: roomId, events, since }) => ({ roomId, events, since })),
    stuck: stuck.map(({ room_id: roomId, event_id: eventId, ...row }) => ({ roomId, eventId, ...row })),
    limited: await gatherLimited(rooms, domainNid),
    aside: await asideOf(db, domainNid, now - DAYS_MS, MOST),
    deviceLists: {
      wanted: await countWanted(db, domainNid),
      failures: asked?.failures ?? 0,
      triedAt: asked?.tried ?? 0,
      outdated: [...outdated],
    },
  };
}

/** Null where it was never told to come later. */
async function gatherLimited(
  rooms: RoomsParts,
  domainNid: number,
): Promise<NonNullable<ReceivingFacts['limited']> | null> {
  const row = await allowanceOf(rooms.db, domainNid);
  if (row === undefined) return null;
  const allowances = new Allowances(rooms);
  return {
    ...{ times: row.limited, since: row.limited_since, at: row.limited_at, raisedAt: row.raised_at },
    factor: await allowances.factor(domainNid),
    mayWait: await allowances.events(domainNid),
    hindrance: (await allowances.hindrance(domainNid)) ?? null,
  };
}
