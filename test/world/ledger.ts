import { getObject } from '../../src/core/json.ts';
import { roomFacts } from './room-facts.table.ts';
import type { World } from './world.ts';
import type { Answer, WorldServer } from './world-server.ts';
import type { WorldUser } from './world-user.ts';

/** A request that its client repeats until it is answered, with the same transaction ID. */
interface Open {
  readonly user: WorldUser;
  readonly request: () => Promise<Answer>;
  readonly onAnswer: (answer: Answer) => void;
}

/** What was acknowledged, and has to be everywhere in the end. */
export class Ledger {
  readonly roomId: string;
  /** Event IDs of messages. */
  readonly messages: string[] = [];
  /** Texts of to-device messages by the user they are for. */
  readonly toDevice: ReadonlyMap<WorldUser, string[]>;
  /** Those of them that may have been lost, or come twice. */
  readonly doubtful = new Set<string>();
  /** Servers that were put back to a backup. */
  readonly putBack = new Set<WorldServer>();
  /** What went wrong on the way. */
  readonly problems: string[] = [];
  readonly #open: Open[] = [];
  /** What the room ended with anywhere when all had seen the members of all servers come. */
  #endsThen: readonly string[] | undefined;

  constructor(roomId: string, users: readonly WorldUser[]) {
    this.roomId = roomId;
    this.toDevice = new Map(users.map(user => [user, []]));
  }

  /** Whether each server has seen the members of all servers come. */
  async isEverybodyKnown(world: World): Promise<boolean> {
    if (this.#endsThen !== undefined) return true;
    for (const user of world.users) {
      const answer = await attempt(world, user, () =>
        user.call('GET', `/v3/rooms/${encodeURIComponent(this.roomId)}/joined_members`),
      );
      const joined = getObject(answer?.body ?? {}, 'joined') ?? {};
      if (!world.users.every(({ id }) => id in joined)) return false;
    }
    if (!world.servers.every(({ isRunning }) => isRunning)) return false;
    const facts = await Promise.all(world.servers.map(({ db }) => roomFacts(db, this.roomId)));
    this.#endsThen = facts.flatMap(({ heads }) => heads);
    return true;
  }

  /** Whether a server has all that was said anywhere without knowing of somebody's coming. */
  async hasCaughtUp(server: WorldServer): Promise<boolean> {
    if (this.#endsThen === undefined || !server.isRunning) return false;
    const { shown } = await roomFacts(server.db, this.roomId);
    return this.#endsThen.every(id => shown.has(id));
  }

  /** Asks until there is an answer, now or when the server is there again: whatever came of it happens once. */
  async insist(
    world: World,
    user: WorldUser,
    request: () => Promise<Answer>,
    onAnswer: (answer: Answer) => void,
  ): Promise<void> {
    const answer = await attempt(world, user, request);
    if (answer === undefined) this.#open.push({ user, request, onAnswer });
    else onAnswer(answer);
  }

  /**
   * A server goes back to what it was: what nobody else has and the backup has not is lost with it, and so may be what was
   * sent to devices from there or there. Its clients are shown again what comes back, since its positions jump ahead.
   */
  forgive(server: WorldServer, kept: ReadonlySet<string>): void {
    this.messages.splice(0, Infinity, ...this.messages.filter(id => kept.has(id)));
    for (const texts of this.toDevice.values()) {
      for (const text of texts) this.doubtful.add(text);
      texts.length = 0;
    }
    this.#open.splice(0, Infinity, ...this.#open.filter(({ user }) => user.server !== server));
    this.putBack.add(server);
  }

  /** Repeats what was not answered. */
  async repeat(world: World): Promise<void> {
    for (const { user, request, onAnswer } of this.#open.splice(0)) await this.insist(world, user, request, onAnswer);
  }
}

/** A request of a client that may meet a crash: then there is no answer. */
export async function attempt(
  world: World,
  user: WorldUser,
  request: () => Promise<Answer | undefined>,
): Promise<Answer | undefined> {
  if (!user.server.isRunning) return undefined;
  return world.during(request()).catch(() => undefined);
}
