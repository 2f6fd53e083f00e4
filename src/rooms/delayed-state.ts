import type { Clock } from '../base/clock.ts';
import { finaliseOthers } from './delayed-events.table.ts';
import type { Nids } from './nids.table.ts';
import type { NotificationWriter } from './ports.ts';

const OVERTAKEN = JSON.stringify({
  errcode: 'M_UNKNOWN',
  error: 'Somebody else has set this state meanwhile.',
  'org.matrix.msc4140.errcode': 'M_CANCELLED_BY_STATE_UPDATE',
});

/**
 * State that somebody sets ends what others wanted to set in the same place later (MSC4140): the reason for that has
 * gone. One's own delayed events stay: those who come to a call first arrange for their leaving it.
 */
export function delayedStateFollower({ nids, clock }: { nids: () => Nids; clock: Clock }): NotificationWriter {
  return {
    async eventAccepted(tx, room, { event }) {
      const { type, stateKey, sender } = event;
      if (stateKey === undefined) return;
      const senderNid = (await nids().users.findOne(tx, sender)) ?? 0;
      await finaliseOthers(tx, { roomNid: room.nid, type, stateKey }, senderNid, OVERTAKEN, clock.now());
    },
  };
}
