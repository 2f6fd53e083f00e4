import { KeyedQueue } from '../../base/keyed-queue.ts';
import type { Event } from '../../core/event.ts';
import type { RoomId, ServerName, UserId } from '../../core/ids.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { requireNotBlocked } from '../../rooms/blocked-rooms.ts';
import { isResident } from '../../rooms/current-membership.ts';
import type { RemoteMemberships, RemoteWish } from '../../rooms/ports.ts';
import type { Room } from '../../rooms/room.ts';
import type { RemoteJoins } from '../joining/remote-join.ts';
import { serversFor } from './known-servers.ts';
import type { NoteVersion } from './ports.ts';
import { knockThrough, leaveAlone, leaveThrough, type OutsideParts } from './remote-departure.ts';
import { remoteError } from './remote-error.ts';
import { type SendInviteParts, sendInvite } from './send-invite.ts';
import { inTurn } from './servers-in-turn.ts';

export interface FederatedMembershipsParts extends SendInviteParts, OutsideParts {
  readonly joins: RemoteJoins;
  readonly noteVersion?: NoteVersion;
}

/** Memberships that need other servers, by the server-server API. Disposing of it ends what goes on. */
export class FederatedMemberships implements RemoteMemberships, AsyncDisposable {
  readonly #makeParts: () => FederatedMembershipsParts;
  #made: FederatedMembershipsParts | undefined;
  readonly #lanes = new KeyedQueue();
  readonly #stop = new AbortController();

  /** `parts` is asked for at the first use: the rooms that are among them know this one. */
  constructor(parts: () => FederatedMembershipsParts) {
    this.#makeParts = parts;
  }

  async join(wish: RemoteWish): Promise<'joined' | 'here'> {
    const { rooms, joins } = this.#parts;
    await requireNotBlocked(rooms.db, wish.roomId);
    return this.#lanes.run(wish.roomId, async () => {
      const room = await rooms.rooms.find(rooms.db, wish.roomId);
      if (room !== undefined && (await isResident(rooms, rooms.db, room))) return 'here';
      using running = joins.begin(wish.roomId);
      using _ = await joins.admit(running, this.#stop.signal);
      const full = { ...wish, membership: 'join' as const };
      await this.#inTurn(wish, server => joins.through(server, full, running, this.#stop.signal));
      return 'joined';
    });
  }

  async joinByOthers(room: Room, wish: RemoteWish): Promise<void> {
    const { joins } = this.#parts;
    const full = { ...wish, membership: 'join' as const };
    await this.#lanes.run(wish.roomId, () =>
      this.#inTurn(wish, server => joins.byOthers(server, room, full, this.#stop.signal)),
    );
  }

  async knock(wish: RemoteWish): Promise<void> {
    await requireNotBlocked(this.#parts.rooms.db, wish.roomId);
    await this.#inTurn(wish, server => knockThrough(this.#parts, server, { ...wish, membership: 'knock' }));
  }

  async leave(wish: RemoteWish): Promise<void> {
    try {
      await this.#inTurn(wish, server => leaveThrough(this.#parts, server, { ...wish, membership: 'leave' }));
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      const { rooms } = this.#parts;
      rooms.log.info('A user leaves a room that nobody else could be told of.', { room: wish.roomId, err: error });
      await leaveAlone(rooms, wish);
    }
  }

  async invite(invite: Event, told: readonly Event[]): Promise<Event> {
    try {
      return await sendInvite(this.#parts, invite, told);
    } catch (error) {
      throw toInviter(remoteError(error)) ?? error;
    }
  }

  progressOf(roomId: RoomId): string | undefined {
    return this.#parts.joins.progressOf(roomId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#lanes.drain();
  }

  get #parts(): FederatedMembershipsParts {
    this.#made ??= this.#makeParts();
    return this.#made;
  }

  async #inTurn(
    wish: { readonly roomId: RoomId; readonly userId: UserId; readonly via: readonly string[] },
    attempt: (server: ServerName) => Promise<void>,
  ): Promise<void> {
    await inTurn(await serversFor(this.#parts.rooms, wish), async server => {
      try {
        await attempt(server);
      } catch (error) {
        this.#noteVersion(server, wish.roomId, error);
        throw error;
      }
    });
  }

  #noteVersion(server: ServerName, roomId: RoomId, error: unknown): void {
    const refusal = remoteError(error);
    if (refusal?.errcode !== 'M_INCOMPATIBLE_ROOM_VERSION') return;
    const { room_version: version } = refusal.fields;
    const named = typeof version === 'string' ? version : null;
    this.#parts.noteVersion?.(server, { what: 'a join or knock', roomId, version: named });
  }
}

/** Client-server API, `POST /rooms/{roomId}/invite`: clients know a version that another server lacks by this code. */
function toInviter(error: MatrixError | undefined): MatrixError | undefined {
  if (error?.errcode !== 'M_INCOMPATIBLE_ROOM_VERSION') return error;
  return new MatrixError('M_UNSUPPORTED_ROOM_VERSION', error.message, { cause: error });
}
