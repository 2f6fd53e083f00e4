import type { RemoteProfiles } from '../../accounts/ports.ts';
import { isMemberField, isProfileField, MAX_PROFILE_BYTES } from '../../accounts/profile-field.ts';
import type { Budget } from '../../base/budget.ts';
import type { Clock } from '../../base/clock.ts';
import { domainOf, type UserId } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { path } from '../transport/request-target.ts';
import type { QueryClient } from './query-client.ts';
import { ShortMemory } from './short-memory.ts';

export interface FederatedProfilesParts {
  readonly queries: QueryClient;
  readonly clock: Clock;
  readonly budget: Budget;
}

const LIFETIME_MS = 60_000;
/** As JSON a profile may be longer than what it says: white space, escapes. */
const MOST_BYTES = 4 * MAX_PROFILE_BYTES;
const LONGEST_TEXT = 4096;

/** Profiles of users of other servers (server-server API, `GET /query/profile`). */
export class FederatedProfiles implements RemoteProfiles {
  readonly #queries: QueryClient;
  readonly #memory: ShortMemory<JsonObject>;

  constructor({ queries, ...parts }: FederatedProfilesParts) {
    this.#queries = queries;
    const sizeOf = (profile: JsonObject) => 2 * JSON.stringify(profile).length;
    this.#memory = new ShortMemory({ ...parts, name: 'remote_profiles', weight: 20, lifetimeMs: LIFETIME_MS, sizeOf });
  }

  profile(userId: UserId, field?: string): Promise<JsonObject> {
    return this.#memory.get(`${userId} ${field ?? ''}`, () => this.#ask(userId, field));
  }

  async #ask(userId: UserId, field: string | undefined): Promise<JsonObject> {
    const query = { user_id: userId, field };
    const question = { method: 'GET', path: path`/_matrix/federation/v1/query/profile`, query } as const;
    const answer = await this.#queries.ask(domainOf(userId), { ...question, maxBytes: MOST_BYTES });
    const fields = Object.entries(answer).filter(
      ([name, value]) => (field === undefined || name === field) && isProfileField(name) && isTaken(name, value),
    );
    return Object.fromEntries(fields);
  }
}

/** Name and picture are shown to users: they are texts, and a picture is not fetched from a place of the other's choice. */
function isTaken(name: string, value: Json): boolean {
  if (value === null) return false;
  if (!isMemberField(name)) return true;
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) return false;
  return name !== 'avatar_url' || value === '' || value.startsWith('mxc://');
}
