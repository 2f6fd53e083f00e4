import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Assignment, type BoardFacts, type BoardOrders, REPORT_EVERY_MS } from '../boards/board.ts';
import type { BoardIdentity } from '../joining/board-folder.ts';
import { splitAddress } from '../joining/own-address.ts';
import type { BoardHome } from './board-home.ts';
import type { Answer, Headquarters } from './headquarters.ts';
import { launchOf } from './launch.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { Supervisor } from './supervisor.ts';

export interface AgentParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The data folder. */
  readonly data: string;
  readonly home: BoardHome;
  readonly headquarters: Headquarters;
  readonly supervisor: Supervisor;
  readonly memory: Pick<MemoryWatch, 'look'>;
  /** `host`: the address of the board. */
  readonly readFacts: (host: string) => BoardFacts;
  /** What runs where a cluster begins until somebody decides: everything, in one process; and the address for it. */
  readonly first: (identity: BoardIdentity | undefined) => Promise<Assignment & { readonly host: string }>;
}

/** The supervisor looks this often. */
const LOOK_MS = 250;

/** The agent of a board: reports, is told what shall run, and sees to it. With nobody to ask all goes on as it was. */
export class Agent {
  readonly #parts: AgentParts;
  #orders: BoardOrders | undefined;
  #hasBegun = false;
  #running: number | undefined;
  /** What was said of the last report: the same is told once. */
  #trouble = '';

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /** Runs until `signal`. Then, with `endsProcesses`, it ends what runs, and waits for it. */
  async run(signal: AbortSignal, endsProcesses: boolean): Promise<void> {
    this.#orders = this.#parts.home.orders();
    if (this.#orders !== undefined) this.#follow(this.#orders);
    await Promise.all([this.#report(signal), this.#look(signal)]);
    if (endsProcesses) await this.#endAll();
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { clock, headquarters, home, supervisor, readFacts } = this.#parts;
    while (!signal.aborted) {
      const began = clock.monotonic();
      const address = home.identity()?.address;
      if (address === undefined) await this.#begin();
      else {
        const facts = { ...readFacts(splitAddress(address).host), ...this.#settled() };
        const report = { address, facts, processes: supervisor.told() };
        const answer = await headquarters.report(report, this.#addresses(address));
        if (!signal.aborted) await this.#take(answer, address);
      }
      await sleep(clock, Math.max(0, REPORT_EVERY_MS - (clock.monotonic() - began)), signal);
    }
  }

  /** Its own comes first. */
  #addresses(own: string): readonly string[] {
    return [...new Set([own, ...(this.#orders?.addresses ?? this.#parts.home.identity()?.addresses ?? [])])];
  }

  async #take(answer: Answer, own: string): Promise<void> {
    this.#tell(answer);
    if (answer.kind === 'orders') this.#obey(await this.#withSettings(answer.orders));
    // Who is no board any more runs nothing: others may hold what its processes would.
    else if (answer.kind === 'refused') this.#obey({ assignments: [], addresses: this.#addresses(own) });
    else if (this.#orders === undefined) await this.#begin();
  }

  #tell(answer: Answer): void {
    const { log } = this.#parts;
    const trouble = answer.kind === 'orders' ? '' : answer.reason;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (answer.kind === 'orders') log.info('The cluster says again what shall run.');
    else if (answer.kind === 'refused') log.error(`This board runs nothing any more: ${trouble}`);
    else log.warn(`Nobody says what shall run, and all goes on as it was: ${trouble}`);
  }

  /** The number of the settings with which everything runs that shall. */
  #settled(): Pick<BoardFacts, 'settings'> {
    if (this.#parts.supervisor.isAsWanted) this.#running = this.#orders?.settings;
    return this.#running === undefined ? {} : { settings: this.#running };
  }

  /** Takes the settings that it shall have. Where nobody has them all goes on with those of before. */
  async #withSettings(orders: BoardOrders): Promise<BoardOrders> {
    const { home, headquarters, log } = this.#parts;
    const { settings, ...others } = orders;
    const before = this.#orders?.settings;
    const stay = before === undefined ? others : { ...others, settings: before };
    if (settings === undefined) return stay;
    if (home.identity()?.isFounder === true || settings === home.settings()?.number) return orders;
    const found = await headquarters.settings(settings, orders.addresses);
    if (found === undefined) return stay;
    home.takeSettings(found);
    log.info('This board has new settings; its processes begin anew with them, one at a time.', { number: settings });
    return orders;
  }

  #obey(orders: BoardOrders): void {
    this.#orders = orders;
    this.#parts.home.keepOrders(orders);
    this.#follow(orders);
  }

  #follow({ assignments, settings }: BoardOrders): void {
    const { home, data, supervisor } = this.#parts;
    const { host } = splitAddress(home.identity()?.address ?? '');
    const place = { data, host, settings };
    supervisor.want(assignments.map(assignment => launchOf(assignment, place)));
  }

  /** Without orders nothing runs, but on the board with which a cluster begins: somebody has to be there who decides. */
  async #begin(): Promise<void> {
    const { home, data, supervisor, first } = this.#parts;
    const identity = home.identity();
    if (this.#hasBegun || identity?.isFounder === false) return;
    this.#hasBegun = true;
    const { host, ...assignment } = await first(identity);
    supervisor.want([launchOf(assignment, { data, host })]);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, log, supervisor, memory } = this.#parts;
    const failed = (error: unknown) => log.error('What runs cannot be seen.', { err: error });
    while (!signal.aborted) {
      await supervisor.look().catch(failed);
      await memory.look().catch(failed);
      await sleep(clock, LOOK_MS, signal);
    }
  }

  async #endAll(): Promise<void> {
    const { clock, supervisor } = this.#parts;
    supervisor.want([]);
    for (await supervisor.look(); !supervisor.isIdle; await supervisor.look()) await sleep(clock, LOOK_MS);
  }
}
