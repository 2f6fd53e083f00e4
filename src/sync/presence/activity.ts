import type { Log } from '../../base/log.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { LOG_EVENT, LOG_RECEIPT, LOG_SUBJECT, type LogEntry } from '../../rooms/room-log.table.ts';
import type { Presence } from './presence.ts';

type Parts = Pick<RoomsParts, 'db' | 'bus' | 'nids' | 'events' | 'serverName'> & { readonly log: Log };

/** What users do in rooms (sending, reading) shows that they are there. Told by the bus: what is lost is lost. */
export function followActivity(parts: Parts, presence: Presence): Disposable {
  return parts.bus.subscribe(LOG_SUBJECT, message => {
    const { kind, ref } = JSON.parse(message) as LogEntry;
    if (kind === LOG_RECEIPT) return presence.acts(ref);
    if (kind !== LOG_EVENT) return;
    senderOf(parts, ref)
      .then(userNid => {
        if (userNid !== undefined) presence.acts(userNid);
      })
      .catch((error: unknown) => parts.log.debug('An event did not count as activity.', { err: error }));
  });
}

async function senderOf({ db, nids, events, serverName }: Parts, eventNid: number): Promise<number | undefined> {
  const stored = await events.byNid(db, eventNid);
  const sender = stored?.event.sender;
  return sender?.endsWith(`:${serverName}`) ? nids.users.findOne(db, sender) : undefined;
}
