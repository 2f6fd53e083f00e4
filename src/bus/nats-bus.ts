import { type Clock, sleep, type Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Random, randomToken } from '../base/random.ts';
import type { Bus } from './bus.ts';
import { type Listener, Listeners } from './listeners.ts';
import { NatsLink, type NatsTls } from './nats-link.ts';
import type { NatsServers } from './nats-servers.ts';
import { Senders } from './senders.ts';
import { decodeWire, type Encoded, encodeWire, subjectPrefix, type WireMessage } from './wire.ts';

/** What is counted: messages sent and received, what was not sent and why, and how often messages may have been lost. */
export type BusCount = 'sent' | 'received' | 'disconnected' | 'full' | 'large' | 'unreadable' | 'missed';

export interface NatsBusInput {
  readonly servers: NatsServers;
  readonly tls: NatsTls;
  /** Processes with the same name hear each other, and no others. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onError: (error: unknown) => void;
  readonly count: (what: BusCount) => void;
}

export interface BusStatus {
  readonly server: string;
  readonly isConnected: boolean;
  readonly forSeconds: number;
  /** Why it is not connected. */
  readonly problem: string | undefined;
  /** Other processes that are heard. */
  readonly others: number;
}

export const BEAT_MS = 2000;
/** Larger messages are not sent. NATS takes 1 MiB unless it is told otherwise. */
export const LARGEST_MESSAGE_BYTES = 512 * 1024;
/** A line of the protocol may have 4 KiB. */
const LONGEST_SUBJECT = 2048;
/** For the last words when the process ends. */
const BYE_MS = 500;
/** A process that lives and is not heard, though it is not yet forgotten here, is told of by `expectOthers`. */
const PATIENCE = { silentMs: 2.5 * BEAT_MS, goneMs: 15_000 };

/**
 * The bus between processes, over NATS. Listeners of this process are called as by a `LocalBus`, those of others when the
 * message comes. Each process receives everything, so that subscribing takes no round trip. What cannot be sent is lost;
 * the others notice by the numbers that every sender gives its messages.
 */
export class NatsBus implements Bus, AsyncDisposable {
  readonly isShared = true;
  readonly #input: NatsBusInput;
  readonly #listeners: Listeners;
  readonly #missed = new Set<() => void>();
  readonly #senders = new Senders(PATIENCE);
  readonly #prefix: string;
  readonly #sender: string;
  readonly #link: NatsLink;
  #number = 0;
  #beat: Timer;
  #isMissedDue = false;
  #expected = 0;

  constructor(input: NatsBusInput) {
    const { cluster, random, clock, onError } = input;
    this.#input = input;
    this.#listeners = new Listeners(onError);
    this.#prefix = subjectPrefix(cluster);
    this.#sender = randomToken(random, 9);
    this.#link = new NatsLink({
      ...input,
      name: `copse ${this.#sender}`,
      subjects: `${this.#prefix}>`,
      received: message => this.#received(message),
      connected: () => this.#lost(),
    });
    this.#beat = clock.after(BEAT_MS, () => this.#onBeat());
  }

  /** Resolves when the bus has been connected for the first time, or when that has failed: it goes on trying. */
  get firstTried(): Promise<void> {
    return this.#link.firstTried;
  }

  status(): BusStatus {
    const { server, isConnected, sinceMs, problem } = this.#link;
    return { server, isConnected, forSeconds: sinceMs / 1000, problem, others: this.#senders.size };
  }

  /**
   * So many other processes live, as somebody knows by other means. While fewer are heard, one of them may be cut off from
   * the bus alone, and what it says is lost.
   */
  expectOthers(count: number): void {
    this.#expected = count;
  }

  publish(subject: string, message = ''): void {
    this.#listeners.callLater(subject, message);
    const number = ++this.#number;
    const isLarge = Buffer.byteLength(message) > LARGEST_MESSAGE_BYTES;
    const outcome = isLarge ? 'large' : this.#send({ kind: 'hint', sender: this.#sender, number, subject, message });
    this.#input.count(outcome);
  }

  subscribe(subject: string, listener: Listener): Disposable {
    return this.#listeners.add(subject, listener);
  }

  missed(listener: () => void): Disposable {
    const added = () => listener();
    this.#missed.add(added);
    return { [Symbol.dispose]: () => void this.#missed.delete(added) };
  }

  #send(message: WireMessage): 'sent' | 'disconnected' | 'full' | 'large' {
    const encoded = encodeWire(this.#prefix, message);
    if (encoded.subject.length > LONGEST_SUBJECT) return 'large';
    const outcome = this.#link.send(encoded);
    return outcome === 'refused' ? 'large' : outcome;
  }

  #received(encoded: Encoded): void {
    const message = decodeWire(this.#prefix, encoded);
    if (message === undefined) this.#input.count('unreadable');
    else if (message.sender !== this.#sender) this.#heard(message);
  }

  #heard(message: WireMessage): void {
    const { kind, sender, number } = message;
    const now = this.#input.clock.monotonic();
    if (kind === 'beat' && this.#senders.heardBeat(sender, number, now)) this.#lost();
    if (kind === 'bye' && this.#senders.heardBye(sender, number, now)) this.#lost();
    if (kind !== 'hint') return;
    this.#input.count('received');
    if (this.#senders.heardHint(sender, number, now)) this.#lost();
    this.#listeners.call(message.subject, message.message);
  }

  #onBeat(): void {
    const { clock } = this.#input;
    // It was asked at the last beat.
    const isAnswering = this.#link.isConnected && this.#link.waitedMs < BEAT_MS / 2;
    const isAnySilent = this.#senders.isAnySilent(clock.monotonic()) || this.#senders.size < this.#expected;
    if (!isAnswering || isAnySilent) this.#lost();
    this.#send({ kind: 'beat', sender: this.#sender, number: this.#number });
    this.#link.check();
    this.#beat = clock.after(BEAT_MS, () => this.#onBeat());
  }

  /** Tells of it once for all that was noticed together. */
  #lost(): void {
    if (this.#isMissedDue) return;
    this.#isMissedDue = true;
    queueMicrotask(() => {
      this.#isMissedDue = false;
      this.#input.count('missed');
      for (const listener of [...this.#missed]) this.#call(listener);
    });
  }

  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#input.onError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#beat.cancel();
    this.#send({ kind: 'bye', sender: this.#sender, number: this.#number });
    await Promise.race([this.#link.flushed(), sleep(this.#input.clock, BYE_MS)]);
    await this.#link[Symbol.asyncDispose]();
  }
}
