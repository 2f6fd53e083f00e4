import type { Accounts } from '../accounts/accounts.ts';
import type { UserId } from '../core/ids.ts';
import type { MemberProfile } from '../rooms/member-content.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { EventRedaction, REDACT_EVENTS } from './event-redaction.ts';
import { HistoryPurge, PURGE_HISTORY } from './history-purge.ts';
import { DELETE_ROOM, RoomDeletion } from './room-deletion.ts';
import { roomRemover } from './room-remover.ts';
import { type NoticeSettings, ServerNotices } from './server-notices.ts';
import { Tasks } from './tasks.ts';

export interface AdministrationParts {
  readonly rooms: RoomsParts;
  readonly accounts: Accounts;
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
  readonly notices: NoticeSettings;
  readonly defaultRoomVersion: string;
}

/** What administrators ask for and what takes more than one part to do. */
export class Administration {
  readonly tasks: Tasks;
  readonly roomDeletion: RoomDeletion;
  readonly eventRedaction: EventRedaction;
  readonly historyPurge: HistoryPurge;
  readonly notices: ServerNotices;

  constructor(parts: AdministrationParts) {
    const { rooms, accounts } = parts;
    const { users, accountData } = accounts;
    this.roomDeletion = new RoomDeletion({ ...parts, remover: roomRemover(accountData) });
    this.eventRedaction = new EventRedaction(rooms);
    this.historyPurge = new HistoryPurge(rooms);
    this.notices = new ServerNotices({ ...parts, users, accountData, settings: parts.notices });
    this.tasks = new Tasks({
      ...rooms,
      log: rooms.log.child('administration'),
      runners: {
        [DELETE_ROOM]: this.roomDeletion,
        [REDACT_EVENTS]: this.eventRedaction,
        [PURGE_HISTORY]: this.historyPurge,
      },
    });
  }
}
