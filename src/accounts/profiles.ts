import type { UserId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { forbidden, MatrixError, notFound } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import { requireNotSuspended } from './account-errors.ts';
import type { AccountTasks } from './account-tasks.ts';
import type { MemberProfile, RemoteProfiles } from './ports.ts';
import {
  allValuesOf,
  deleteProfile,
  deleteProfileField,
  profileFieldsOf,
  profileOf,
  setProfileField,
} from './profile.table.ts';
import { fieldValue, isMemberField, MAX_PROFILE_BYTES, requireFieldName } from './profile-field.ts';
import type { Requester } from './requester.ts';
import type { User, Users } from './users.ts';

export interface ProfilesParts {
  readonly db: Database;
  readonly users: Users;
  readonly tasks: AccountTasks;
  readonly remote: RemoteProfiles | undefined;
}

/** Profiles: display name, picture and free fields (client-server API, "Profiles"). */
export class Profiles {
  readonly #parts: ProfilesParts;

  constructor(parts: ProfilesParts) {
    this.#parts = parts;
  }

  /** The profile of any user, of this server or another. @throws MatrixError M_NOT_FOUND */
  async get(userId: UserId): Promise<JsonObject> {
    const { users, remote } = this.#parts;
    if (users.isLocal(userId)) return this.local(userId);
    if (remote === undefined) throw notFound('There is no profile of this user.');
    return remote.profile(userId);
  }

  /** One field, as `{field: value}`. @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM, M_KEY_TOO_LARGE */
  async getField(userId: UserId, field: string): Promise<JsonObject> {
    requireFieldName(field);
    const { users, remote } = this.#parts;
    if (!users.isLocal(userId) && remote === undefined) throw notFound('There is no profile of this user.');
    const profile =
      remote === undefined || users.isLocal(userId) ? await this.local(userId) : await remote.profile(userId, field);
    const value = Object.hasOwn(profile, field) ? profile[field] : undefined;
    if (value === undefined) throw notFound('The user has no such profile field.');
    return { [field]: value };
  }

  /** The profile of a user of this server; deactivated ones have none. @throws MatrixError M_NOT_FOUND */
  async local(userId: UserId): Promise<JsonObject> {
    const user = await this.#parts.users.find(userId);
    if (user === undefined || user.isDeactivated) throw notFound('There is no profile of this user.');
    const rows = await profileOf(this.#parts.db, user.userNid);
    return Object.fromEntries(rows.map(row => [row.field, JSON.parse(row.value) as Json]));
  }

  /** What member events show of users of this server, for those who have any of it. */
  async forMembers(db: Queryable, userNids: readonly number[]): Promise<Map<number, MemberProfile>> {
    const profiles = new Map<number, { displayname: string | undefined; avatar_url: string | undefined }>();
    for (const { user_nid, field, value } of await profileFieldsOf(db, userNids, ['displayname', 'avatar_url'])) {
      const profile = profiles.get(user_nid) ?? { displayname: undefined, avatar_url: undefined };
      profiles.set(user_nid, profile);
      const text: unknown = JSON.parse(value);
      if (isMemberField(field) && typeof text === 'string') profile[field] = text;
    }
    return profiles;
  }

  /** The pictures of all profiles. */
  async allPictures(): Promise<string[]> {
    return (await allValuesOf(this.#parts.db, 'avatar_url')).map(value => String(JSON.parse(value)));
  }

  /** @throws MatrixError M_FORBIDDEN, M_USER_SUSPENDED, M_INVALID_PARAM, M_KEY_TOO_LARGE, M_PROFILE_TOO_LARGE */
  async setField(requester: Requester, userId: UserId, field: string, value: Json): Promise<void> {
    requireFieldName(field);
    const stored = fieldValue(field, value);
    if (stored === undefined) return this.removeField(requester, userId, field);
    const user = await this.#changeable(requester, userId);
    await this.#parts.db.tx(async tx => {
      await setProfileField(tx, user.userNid, field, JSON.stringify(stored));
      await requireSmall(tx, user.userNid);
      await this.#changed(tx, user.userNid, field);
    });
  }

  /** @throws MatrixError M_FORBIDDEN, M_USER_SUSPENDED, M_INVALID_PARAM, M_KEY_TOO_LARGE */
  async removeField(requester: Requester, userId: UserId, field: string): Promise<void> {
    requireFieldName(field);
    const user = await this.#changeable(requester, userId);
    await this.#parts.db.tx(async tx => {
      if (await deleteProfileField(tx, user.userNid, field)) await this.#changed(tx, user.userNid, field);
    });
  }

  removeAll(tx: Tx, userNid: number): Promise<void> {
    return deleteProfile(tx, userNid);
  }

  async #changed(tx: Tx, userNid: number, field: string): Promise<void> {
    if (isMemberField(field)) await this.#parts.tasks.schedule(tx, userNid, 'profile');
  }

  /** Users change their own profile, administrators that of any user here. */
  async #changeable(requester: Requester, userId: UserId): Promise<User> {
    if (userId !== requester.userId && !requester.isAdmin) throw forbidden('This is the profile of another user.');
    requireNotSuspended(requester);
    if (!this.#parts.users.isLocal(userId)) throw forbidden('This is the profile of a user of another server.');
    return this.#parts.users.require(userId);
  }
}

async function requireSmall(tx: Tx, userNid: number): Promise<void> {
  const rows = await profileOf(tx, userNid);
  // Each field as `"name":value,` and the braces.
  const bytes = rows.reduce((sum, row) => sum + utf8Length(row.field) + utf8Length(row.value) + 4, 1);
  if (bytes > MAX_PROFILE_BYTES) {
    throw new MatrixError('M_PROFILE_TOO_LARGE', `A profile has at most ${MAX_PROFILE_BYTES} bytes.`);
  }
}
