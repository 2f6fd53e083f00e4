import type { NatsConnection } from '@nats-io/transport-node';
import { waitAfter } from '../base/backoff.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { waitForGreeting } from './greeting.ts';
import { type NatsServer, type NatsServers, serverText } from './nats-servers.ts';
import { NatsSession, type Sent } from './nats-session.ts';
import type { Encoded } from './wire.ts';

export interface NatsTls {
  /** Certificate authorities in PEM; the usual ones unless given. */
  readonly ca?: string;
  /** With which this process shows who it is. */
  readonly cert?: string;
  readonly key?: string;
}

export interface NatsLinkInput {
  readonly servers: NatsServers;
  readonly tls: NatsTls;
  readonly name: string;
  /** What is received: a subject with a wildcard. */
  readonly subjects: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Must not throw. */
  readonly received: (message: Encoded) => void;
  /** From now on everything that others send is received. */
  readonly connected: () => void;
}

const RETRY = { initial: 250, factor: 2, longest: 5000 };
/** For each step of connecting. */
const CONNECT_MS = 5000;
/** A server that has owed an answer for so long is given up. */
const STALLED_MS = 8000;

/** A connection to one of the NATS servers, made anew for ever when it ends. */
export class NatsLink implements AsyncDisposable {
  readonly #input: NatsLinkInput;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #tried = Promise.withResolvers<void>();
  #session: NatsSession | undefined;
  #connection: NatsConnection | undefined;
  #server: NatsServer;
  #problem: string | undefined;
  #since: number;

  constructor(input: NatsLinkInput) {
    this.#input = input;
    this.#since = input.clock.monotonic();
    this.#server = this.#serverAt(0);
    this.#running = this.#run(this.#stop.signal);
  }

  /** Resolves when the first connection has been made, or has failed. */
  get firstTried(): Promise<void> {
    return this.#tried.promise;
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** The server that it is connected to, or tries. */
  get server(): string {
    return serverText(this.#server);
  }

  /** Why it is not connected. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** For how many milliseconds it has been connected, or not been connected. */
  get sinceMs(): number {
    return this.#input.clock.monotonic() - this.#since;
  }

  /** The same for an answer that the server owes; 0 without a connection. */
  get waitedMs(): number {
    return this.#session?.waitedMs ?? 0;
  }

  send(message: Encoded): Sent | 'disconnected' {
    return this.#session?.send(message) ?? 'disconnected';
  }

  /** To be called every few seconds: asks the server whether it is there, and gives it up when it has not answered. */
  check(): void {
    this.#session?.ask();
    if (this.waitedMs < STALLED_MS) return;
    this.#problem = `${this.server} does not answer any more`;
    void this.#connection?.close();
  }

  /** Resolves when everything that was sent has reached the server. */
  async flushed(): Promise<void> {
    await this.#connection?.flush().catch(() => undefined);
  }

  #serverAt(attempt: number): NatsServer {
    const { servers } = this.#input.servers;
    return servers[attempt % servers.length] as NatsServer;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    for (let attempt = 0; !signal.aborted; attempt++) {
      this.#server = this.#serverAt(attempt);
      try {
        await this.#serve(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        this.#failed(error as Error);
      } finally {
        this.#tried.resolve();
      }
      await sleep(this.#input.clock, waitAfter(RETRY, failures + 1, undefined, this.#input.random), signal);
    }
    this.#tried.resolve();
  }

  /** From connecting to the end of the connection. @throws when there was none */
  async #serve(signal: AbortSignal): Promise<void> {
    const { clock, subjects, received } = this.#input;
    const connection = await this.#connect(signal);
    const close = () => void connection.close();
    signal.addEventListener('abort', close, { once: true });
    let refused: Error | undefined;
    const ended = connection
      .closed()
      .then(error => refused ?? error ?? new Error(`${this.server} closed the connection`));
    try {
      connection.subscribe(subjects, {
        callback: (error, { subject, data }) => {
          if (error === null) received({ subject, payload: data });
          else refused = error;
          if (error !== null) close();
        },
      });
      await this.#answered(connection, ended);
      this.#begin(new NatsSession(connection, clock), connection);
      this.#end(await ended);
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  }

  async #connect(signal: AbortSignal): Promise<NatsConnection> {
    const { clock, name, tls, servers } = this.#input;
    const server = this.#server;
    await waitForGreeting(server, { clock, waitMs: CONNECT_MS, signal });
    const { connect } = await import('@nats-io/transport-node');
    // Of a server with an address for a name the library forgets it, and the certificate would have to be for `localhost`.
    const trust = { ...tls, host: server.host };
    return connect({
      servers: serverText(server),
      name,
      noEcho: true,
      reconnect: false,
      ignoreClusterUpdates: true,
      timeout: CONNECT_MS,
      ...(servers.isTls && { tls: trust }),
      ...(server.user === undefined ? {} : { user: server.user }),
      ...(server.password === undefined ? {} : { [server.user === undefined ? 'token' : 'pass']: server.password }),
    });
  }

  /** With its answer everything that others send is received. */
  async #answered(connection: NatsConnection, ended: Promise<Error>): Promise<void> {
    const late = sleep(this.#input.clock, CONNECT_MS, this.#stop.signal).then(() => new Error('it does not answer'));
    const problem = await Promise.race([connection.flush(), late, ended]);
    if (problem !== undefined) throw problem;
  }

  #begin(session: NatsSession, connection: NatsConnection): void {
    const { clock, log, connected } = this.#input;
    this.#session = session;
    this.#connection = connection;
    this.#problem = undefined;
    this.#since = clock.monotonic();
    this.#tried.resolve();
    log.info('The bus is connected.', { server: this.server });
    connected();
  }

  #end(error: Error): void {
    const { clock, log } = this.#input;
    this.#session = undefined;
    this.#connection = undefined;
    this.#since = clock.monotonic();
    this.#problem ??= error.message;
    if (this.#stop.signal.aborted) return;
    log.warn('The bus is not connected: what other processes do is seen later.', { reason: this.#problem });
  }

  /** Told once for each reason, not for each try. */
  #failed(error: Error): void {
    const isNew = this.#problem === undefined;
    this.#problem = error.message;
    if (!isNew) return;
    this.#input.log.warn(
      'The bus is not connected: what other processes do is seen later. It is tried again and again.',
      {
        reason: error.message,
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
