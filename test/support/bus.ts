import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Log } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type BusCount, NatsBus } from '../../src/bus/nats-bus.ts';
import type { NatsTls } from '../../src/bus/nats-link.ts';
import { natsServers } from '../../src/bus/nats-servers.ts';
import { TestNats } from './nats.ts';

/** Far more than it takes on a machine that is busy with other things. */
const PATIENCE_MS = 60_000;

/** Waits for what has to come. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `it did not come within ${PATIENCE_MS} ms: ${isSo}`);
    await wait(5);
  }
}

export interface ConnectedBus {
  readonly bus: NatsBus;
  readonly counts: Map<BusCount, number>;
  /** How often messages may have been lost. */
  missed(): number;
  readonly warnings: string[];
}

interface ConnectSettings {
  readonly url?: string;
  readonly cluster?: string;
  readonly clock?: Clock;
  readonly tls?: NatsTls;
}

/** A clock on which `factor` seconds pass in each second, for what would take long. */
export function hurriedClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    after: (ms, run) => systemClock.after(ms / factor, run),
  };
}

/** Processes of one cluster, each with a bus of its own, over a NATS server that the test breaks. */
export class BusWorld {
  readonly nats: TestNats;
  readonly errors: unknown[] = [];
  readonly #opened: AsyncDisposableStack;

  constructor(nats: TestNats, opened: AsyncDisposableStack) {
    this.nats = nats;
    this.#opened = opened;
  }

  static async start(t: TestContext, nats?: TestNats): Promise<BusWorld> {
    const opened = new AsyncDisposableStack();
    t.after(() => opened.disposeAsync());
    return new BusWorld(opened.use(nats ?? (await TestNats.start())), opened);
  }

  /** A further process. It is connected when this resolves, unless there is no server. */
  async connect(settings: ConnectSettings = {}): Promise<ConnectedBus> {
    const { url = this.nats.url, cluster = 'one.example', clock = systemClock, tls = {} } = settings;
    const servers = natsServers(url);
    assert.ok(servers !== undefined, url);
    const counts = new Map<BusCount, number>();
    const warnings: string[] = [];
    const bus = new NatsBus({
      servers,
      tls,
      cluster,
      clock,
      random: systemRandom,
      log: warningsTo(warnings),
      onError: error => this.errors.push(error),
      count: what => counts.set(what, (counts.get(what) ?? 0) + 1),
    });
    this.#opened.use(bus);
    await bus.firstTried;
    // The first connection counts as one after which something may have been lost.
    await wait(1);
    const atFirst = counts.get('missed') ?? 0;
    return { bus, counts, warnings, missed: () => (counts.get('missed') ?? 0) - atFirst };
  }
}

function warningsTo(warnings: string[]): Log {
  const log: Log = {
    debug() {},
    info() {},
    warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields ?? {})}`),
    error: message => warnings.push(message),
    child: () => log,
  };
  return log;
}
