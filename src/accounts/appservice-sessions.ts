import { isUserId, type UserId } from '../core/ids.ts';
import { forbidden, invalidParam, MatrixError } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import { deactivated, locked } from './account-errors.ts';
import type { Devices } from './devices.ts';
import type { Appservice, Appservices } from './ports.ts';
import type { Requester } from './requester.ts';
import type { User, Users } from './users.ts';

export interface AppserviceSessionsParts {
  readonly db: Database;
  readonly users: Users;
  readonly devices: Devices;
  readonly appservices: Appservices | undefined;
}

interface AppserviceRequest {
  readonly query: { get(name: string): string | undefined };
  readonly allowLocked?: boolean | undefined;
}

/** Requests with an appservice's token, which may speak for any user it owns (application service API, "Identity assertion"). */
export class AppserviceSessions {
  readonly #parts: AppserviceSessionsParts;

  constructor(parts: AppserviceSessionsParts) {
    this.#parts = parts;
  }

  /** The appservice whose token this is. */
  find(token: string): Appservice | undefined {
    return this.#parts.appservices?.find(token);
  }

  /** Whether the user ID is kept by an appservice, and not by this one. */
  isReserved(userId: UserId, by: Appservice | undefined): boolean {
    const owner = this.#parts.appservices?.exclusiveOwner(userId);
    return owner !== undefined && owner !== by?.id;
  }

  /** Undefined when it is no appservice's token. @throws MatrixError M_FORBIDDEN, M_USER_DEACTIVATED, M_USER_LOCKED, M_UNKNOWN_DEVICE */
  async authenticate(token: string, { query, allowLocked }: AppserviceRequest): Promise<Requester | undefined> {
    const appservice = this.find(token);
    if (appservice === undefined) return undefined;
    const userId = query.get('user_id') ?? appservice.sender;
    if (!isUserId(userId)) throw invalidParam('The query parameter user_id must be a user ID.');
    if (!appservice.ownsUser(userId)) throw forbidden('The appservice cannot act as this user.');
    const user = (await this.#parts.users.find(userId)) ?? (await this.#makeSender(appservice, userId));
    if (user.isDeactivated) throw deactivated();
    if (user.isLocked && allowLocked !== true) throw locked();
    const deviceId = query.get('device_id') ?? query.get('org.matrix.msc3202.device_id');
    if (deviceId !== undefined) await this.#requireDevice(user, deviceId);
    return asRequester(appservice, user, deviceId);
  }

  /** The appservice's own user needs no registration; any other does. */
  async #makeSender(appservice: Appservice, userId: UserId): Promise<User> {
    const { db, users } = this.#parts;
    if (userId !== appservice.sender) throw forbidden('The appservice has not registered this user.');
    await db.tx(async tx => {
      if ((await users.find(userId, tx)) === undefined) await users.create(tx, { userId, appserviceId: appservice.id });
    });
    return users.require(userId);
  }

  async #requireDevice(user: User, deviceId: string): Promise<void> {
    const device = await this.#parts.devices.find(user.userNid, deviceId);
    if (device === undefined) {
      throw new MatrixError('M_UNKNOWN_DEVICE', 'The user has no such device.', { status: 400 });
    }
  }
}

function asRequester(appservice: Appservice, user: User, deviceId: string | undefined): Requester {
  return {
    userId: user.userId,
    userNid: user.userNid,
    deviceId,
    // A namespace may hold accounts of people too: the token does not make an appservice what they are.
    isAdmin: user.isAdmin && user.appserviceId === appservice.id,
    isGuest: user.isGuest,
    isSuspended: user.isSuspended,
    tokenNid: undefined,
    appservice: { id: appservice.id, rateLimited: appservice.rateLimited },
  };
}
