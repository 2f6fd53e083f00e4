import { isIP, isIPv6 } from 'node:net';
import { checkServerIdentity, connect, type SecureContext, type TLSSocket } from 'node:tls';
import { type AddressGuard, ForbiddenAddressError } from '../../base/address-guard.ts';
import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import type { Target } from './discovery.ts';
import { reasonOf } from './errors.ts';

/** What is connected to, and the name or address that its certificate must be for. */
export interface Dial {
  readonly targets: readonly Target[];
  readonly certName: string;
}

export interface DialerParts {
  /** Asked about every address at the moment of connecting to it. */
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly trust: () => SecureContext;
  /** False only in closed test networks. */
  readonly verifyTls: boolean;
  readonly budget: Budget;
}

/** One address that did not take a connection. */
export interface FailedTarget extends Target {
  readonly stage: 'policy' | 'connect' | 'tls';
  readonly reason: string;
}

/** No address took a connection. `stage` is the furthest that one of them came to. */
export class DialError extends Error {
  readonly stage: 'policy' | 'connect' | 'tls';
  readonly failed: readonly FailedTarget[];

  constructor(failed: readonly FailedTarget[]) {
    super(failed.map(({ address, port, reason }) => `${address} port ${port}: ${reason}`).join('; '));
    this.name = 'DialError';
    this.failed = failed;
    const stages = new Set(failed.map(({ stage }) => stage));
    this.stage = stages.has('tls') ? 'tls' : stages.has('connect') ? 'connect' : 'policy';
  }
}

/** A session of TLS is resumed for so long; then the certificate is looked at anew. */
const SESSION_MS = 3_600_000;
/** The next address is tried when one has not answered so soon (RFC 8305, section 5). */
const STAGGER_MS = 250;
const ATTEMPT_MS = 10_000;

/**
 * Connects with TLS to the first of several addresses that takes it (RFC 8305, "Happy Eyeballs"), TLS included: an
 * address that takes connections and resets them is passed over like a dead one. The family that worked is remembered
 * for each certificate name and tried first. Addresses come checked and resolved, so nothing is looked up in between.
 * A session with the same address under the same name is resumed (RFC 8446, section 2.2), which spares both sides the
 * certificate. It is kept only once the certificate was found to be good: who resumes it is not asked for one again.
 */
export class Dialer {
  readonly #parts: DialerParts;
  readonly #families: ByteCache<'4' | '6'>;
  readonly #sessions: ByteCache<Session>;

  constructor(parts: DialerParts) {
    this.#parts = parts;
    this.#families = new ByteCache({
      name: 'federation_families',
      budget: parts.budget,
      weight: 10,
      sizeOf: () => 1,
    });
    this.#sessions = new ByteCache({
      name: 'federation_tls_sessions',
      budget: parts.budget,
      weight: 40,
      sizeOf: ({ bytes }) => bytes.length + SESSION_OVERHEAD,
    });
  }

  /** @throws DialError */
  async connect(dial: Dial): Promise<TLSSocket> {
    const ordered = interleave(dial.targets, this.#families.get(dial.certName));
    const session = (target: Target) => this.#sessionOf(dial.certName, target)?.bytes;
    const { socket, target } = await new Race({ ...this.#parts, session }, dial.certName, ordered).run();
    this.#keepSessions(dial.certName, { socket, target });
    this.#families.set(dial.certName, familyOf(target));
    return socket;
  }

  #sessionOf(certName: string, target: Target): Session | undefined {
    const known = this.#sessions.get(sessionKey(certName, target));
    return known !== undefined && known.until > this.#parts.clock.now() ? known : undefined;
  }

  /** What comes of a session that was resumed is no newer than that one: its certificate was not seen again. */
  #keepSessions(certName: string, { socket, target }: Winner): void {
    const resumed = socket.isSessionReused() ? this.#sessionOf(certName, target) : undefined;
    const until = resumed?.until ?? this.#parts.clock.now() + SESSION_MS;
    socket.on('session', bytes => this.#sessions.set(sessionKey(certName, target), { bytes, until }));
  }
}

/** What resumes a session. */
interface Session {
  readonly bytes: Buffer;
  readonly until: number;
}

/** The buffer beside its bytes. */
const SESSION_OVERHEAD = 200;

function sessionKey(certName: string, { address, port }: Target): string {
  return `${certName} ${address} ${port}`;
}

interface RaceParts extends DialerParts {
  readonly session: (target: Target) => Buffer | undefined;
}

interface Winner {
  readonly socket: TLSSocket;
  readonly target: Target;
}

class Race {
  readonly #parts: RaceParts;
  readonly #certName: string;
  readonly #waiting: Target[];
  readonly #running = new Set<TLSSocket>();
  readonly #failed: FailedTarget[] = [];
  readonly #finish = Promise.withResolvers<Winner>();
  #isOver = false;
  #stagger = { cancel: () => {} };

  constructor(parts: RaceParts, certName: string, targets: readonly Target[]) {
    this.#parts = parts;
    this.#certName = certName;
    this.#waiting = [...targets];
  }

  run(): Promise<Winner> {
    this.#next();
    return this.#finish.promise;
  }

  #next(): void {
    this.#stagger.cancel();
    if (this.#isOver) return;
    const target = this.#waiting.shift();
    if (target !== undefined) this.#attempt(target);
    else if (this.#running.size === 0) {
      this.#isOver = true;
      this.#finish.reject(new DialError(this.#failed));
    }
  }

  #attempt(target: Target): void {
    try {
      this.#parts.guard.requireAllowed(target.address);
    } catch (error) {
      if (!(error instanceof ForbiddenAddressError)) throw error;
      this.#failed.push({ ...target, stage: 'policy', reason: error.message });
      this.#next();
      return;
    }
    this.#start(target);
    this.#stagger = this.#parts.clock.after(STAGGER_MS, () => this.#next());
  }

  #start(target: Target): void {
    const socket = connect(this.#options(target));
    const late = this.#parts.clock.after(ATTEMPT_MS, () => socket.destroy(new AttemptTimeoutError()));
    let stage: 'connect' | 'tls' = 'connect';
    this.#running.add(socket);
    const over = () => {
      late.cancel();
      return this.#running.delete(socket);
    };
    socket.once('connect', () => {
      stage = 'tls';
    });
    socket.once('secureConnect', () => {
      if (over()) this.#win({ socket, target });
    });
    // Stays on for good: an error of a socket that lost the race is nobody's.
    socket.on('error', error => {
      if (!over()) return;
      this.#failed.push({ ...target, stage, reason: reasonOf(error) });
      this.#next();
    });
  }

  #win(winner: Winner): void {
    this.#isOver = true;
    this.#stagger.cancel();
    for (const socket of this.#running) socket.destroy();
    this.#finish.resolve(winner);
  }

  #options(target: Target) {
    const { address, port } = target;
    const name = this.#certName;
    const session = this.#parts.session(target);
    return {
      host: address,
      port,
      // An address is no server name (RFC 6066, section 3).
      servername: isIP(name) === 0 ? name : '',
      secureContext: this.#parts.trust(),
      rejectUnauthorized: this.#parts.verifyTls,
      ALPNProtocols: ['http/1.1'],
      ...(session !== undefined && { session }),
      checkServerIdentity: (_host: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
        checkServerIdentity(name, certificate),
    };
  }
}

class AttemptTimeoutError extends Error {
  constructor() {
    super(`no connection within ${ATTEMPT_MS / 1000} s`);
    this.name = 'AttemptTimeoutError';
  }
}

function familyOf({ address }: Target): '4' | '6' {
  return isIPv6(address) ? '6' : '4';
}

/** The families in turn, beginning with the one that worked last, else with that of the first target. */
export function interleave(targets: readonly Target[], worked: '4' | '6' | undefined): Target[] {
  const [head] = targets;
  if (head === undefined || targets.length === 1) return [...targets];
  const first = targets.filter(target => familyOf(target) === (worked ?? familyOf(head)));
  const second = targets.filter(target => !first.includes(target));
  const turns = Array.from({ length: Math.max(first.length, second.length) }, (_, at) => [first[at], second[at]]);
  return turns.flat().filter(target => target !== undefined);
}
