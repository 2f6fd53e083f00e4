import type { Accounts } from '../accounts/accounts.ts';
import type { UserId } from '../core/ids.ts';
import type { Media } from '../media/media.ts';
import type { MediaId } from '../media/media-id.ts';
import type { MemberProfile } from '../rooms/member-content.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { Audit } from './audit.ts';
import { EventRedaction, REDACT_EVENTS } from './event-redaction.ts';
import { HistoryPurge, PURGE_HISTORY } from './history-purge.ts';
import { picturesInUse } from './pictures-in-use.ts';
import { DELETE_ROOM, RoomDeletion } from './room-deletion.ts';
import { roomRemover } from './room-remover.ts';
import { type NoticeSettings, ServerNotices } from './server-notices.ts';
import { Tasks } from './tasks.ts';

export interface AdministrationParts {
  readonly rooms: RoomsParts;
  readonly accounts: Accounts;
  readonly media: Media;
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
  readonly notices: NoticeSettings;
  readonly defaultRoomVersion: string;
}

/** What administrators ask for and what takes more than one part to do. */
export class Administration {
  readonly audit: Audit;
  readonly tasks: Tasks;
  readonly roomDeletion: RoomDeletion;
  readonly eventRedaction: EventRedaction;
  readonly historyPurge: HistoryPurge;
  readonly notices: ServerNotices;
  readonly #parts: AdministrationParts;

  constructor(parts: AdministrationParts) {
    this.#parts = parts;
    const { rooms, accounts } = parts;
    const { users, accountData } = accounts;
    this.audit = new Audit(rooms);
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

  /**
   * Deletes files of this server that nobody has used since `before` and that are larger than so many bytes, but for
   * the pictures of users and rooms. Answers the IDs of what went; `signal` stops it on the way.
   */
  async deleteOldMedia(
    wish: { readonly before: number; readonly largerThan: number; readonly keepPictures: boolean },
    signal: AbortSignal,
  ): Promise<MediaId[]> {
    const { rooms, accounts, media } = this.#parts;
    const kept = wish.keepPictures ? await picturesInUse(rooms, accounts) : new Set<string>();
    return media.custody.deleteOld({ ...wish, isOther: false }, uri => kept.has(uri), signal);
  }
}
