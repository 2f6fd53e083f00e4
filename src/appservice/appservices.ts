import type { Appservices as AccountsPort, Appservice } from '../accounts/ports.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RoomAlias, UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { AppserviceClient } from './appservice-client.ts';
import { type Asked, saysItIsThere } from './asked.ts';
import type { LaneParts } from './lane.ts';
import { Lanes } from './lanes.ts';
import { ping } from './ping.ts';
import type { AppserviceTransport } from './ports.ts';
import { ownsUser, type Registration } from './registration.ts';
import { ThirdParties } from './third-parties.ts';

export interface AppservicesParts {
  readonly registrations: readonly Registration[];
  readonly transport: AppserviceTransport;
  readonly clock: Clock;
  readonly log: Log;
}

/** The application services of this server: who they are, what is theirs, and how they are asked. */
export class Appservices implements AccountsPort {
  readonly thirdParties: ThirdParties;
  readonly #parts: AppservicesParts;
  readonly #byToken: ReadonlyMap<string, Registration>;
  readonly #asked: readonly Asked[];
  #lanes: Lanes | undefined;

  constructor(parts: AppservicesParts) {
    this.#parts = parts;
    this.#byToken = new Map(parts.registrations.map(registration => [registration.asToken, registration]));
    this.#asked = parts.registrations.flatMap(registration => {
      const client = AppserviceClient.of(parts, registration);
      return client === undefined ? [] : [{ registration, client }];
    });
    this.thirdParties = new ThirdParties(this.#asked, parts.log);
  }

  find(token: string): Appservice | undefined {
    const registration = this.#byToken.get(token);
    if (registration === undefined) return undefined;
    this.#lanes?.heard(registration.id);
    const { id, sender, rateLimited } = registration;
    return { id, sender, rateLimited, ownsUser: userId => ownsUser(registration, userId) };
  }

  /** Whether a user is one of an application service. */
  ownsUser(appservice: string, userId: UserId): boolean {
    const registration = this.#parts.registrations.find(({ id }) => id === appservice);
    return registration !== undefined && ownsUser(registration, userId);
  }

  exclusiveOwner(userId: UserId): string | undefined {
    const isOwner = ({ users, sender }: Registration) => users.hasExclusively(userId) || sender === userId;
    return this.#parts.registrations.find(isOwner)?.id;
  }

  /** The application service that keeps an alias for itself. */
  aliasOwner(alias: RoomAlias): string | undefined {
    return this.#parts.registrations.find(({ aliases }) => aliases.hasExclusively(alias))?.id;
  }

  /** Whether an alias is in the namespaces of an application service, kept for it alone or not. */
  ownsAlias(id: string, alias: RoomAlias): boolean {
    return this.#parts.registrations.some(each => each.id === id && each.aliases.has(alias));
  }

  /**
   * Asks those whose namespaces an alias of ours is in, which names no room, whether there should be one: whoever says
   * so has made it (application service API, "Querying"). Whether somebody did.
   */
  async offerAlias(alias: RoomAlias): Promise<boolean> {
    for (const asked of this.#asked) {
      if (!asked.registration.aliases.has(alias)) continue;
      if (await saysItIsThere(asked, 'rooms', alias, this.#parts.log)) return true;
    }
    return false;
  }

  /**
   * `POST /appservice/{id}/ping`. Answers the time it took, in milliseconds.
   *
   * @throws MatrixError M_FORBIDDEN for another application service, and as `ping` does
   */
  async ping(id: string, by: string | undefined, transactionId: string | undefined): Promise<number> {
    if (by !== id) throw new MatrixError('M_FORBIDDEN', 'This is not the token of that application service.');
    const client = this.#asked.find(({ registration }) => registration.id === id)?.client;
    const took = await ping(client, this.#parts.clock, transactionId);
    this.#lanes?.heard(id);
    return took;
  }

  /** What tells those that have an address what happens; to be made once. */
  lanes(parts: LaneParts): Lanes {
    const known = this.#parts.registrations.map(({ id }) => id);
    const lanes = new Lanes(parts, this.#asked, known);
    this.#lanes = lanes;
    return lanes;
  }
}
