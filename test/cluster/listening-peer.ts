import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { getArray, getObject, type JsonObject } from '../../src/core/json.ts';
import type { Certified } from '../support/certificates.ts';
import { TlsPeer } from '../support/tls-peer.ts';

/** Long enough that a process that is killed at any moment is often in the middle of a delivery. */
const ANSWER_MS = 40;

/** Another server that takes transactions, and remembers each as it came. */
export class ListeningPeer implements AsyncDisposable {
  readonly #peer: TlsPeer;
  /** By transaction ID: the different contents under it. */
  readonly #contents = new Map<string, Set<string>>();
  /** The bodies of messages, the first time that each came. */
  readonly #messages: string[] = [];
  /** By body of a message: the transactions that it was in. */
  readonly #carriers = new Map<string, Set<string>>();
  #held: { readonly came: () => void; readonly go: Promise<void> } | undefined;
  requests = 0;

  readonly #host: string;

  private constructor(peer: TlsPeer, host: string) {
    this.#peer = peer;
    this.#host = host;
    peer.answer = (response, { target, body }) => {
      const [, txnId] = /^\/_matrix\/federation\/v1\/send\/(.+)$/.exec(target) ?? [];
      if (txnId === undefined) return void response.writeHead(404).end('{"errcode":"M_UNRECOGNIZED","error":"no"}');
      this.#take(txnId, body);
      const held = this.#held;
      this.#held = undefined;
      held?.came();
      void (held?.go ?? wait(ANSWER_MS)).then(() => response.end('{"pdus":{}}'));
    };
  }

  static async open(certified: Certified, host = '127.0.0.1'): Promise<ListeningPeer> {
    return new ListeningPeer(await TlsPeer.open(certified, host), host);
  }

  get name(): string {
    return `${this.#host}:${this.#peer.port}`;
  }

  get transactions(): number {
    return this.#contents.size;
  }

  /** Resolves when the next transaction is here; it is answered when `go` resolves. */
  hold(go: Promise<void>): Promise<void> {
    return new Promise(came => {
      this.#held = { came, go };
    });
  }

  has(body: string): boolean {
    return this.#carriers.has(body);
  }

  #take(txnId: string, text: string): void {
    this.requests++;
    const body = JSON.parse(text) as JsonObject;
    // Members of an object have no order.
    this.#contents.set(txnId, (this.#contents.get(txnId) ?? new Set()).add(canonicalJson(body)));
    const pdus = getArray(body, 'pdus') ?? [];
    for (const pdu of pdus as readonly JsonObject[]) {
      const said = getObject(pdu, 'content')?.body;
      if (typeof said !== 'string') continue;
      const carriers = this.#carriers.get(said);
      if (carriers === undefined) this.#messages.push(said);
      this.#carriers.set(said, (carriers ?? new Set()).add(txnId));
    }
  }

  /** Everything that was acknowledged to its writer came, in order, in one transaction, which was the same whenever it was sent. */
  check(written: ReadonlyMap<string, readonly string[]>): void {
    for (const [txnId, contents] of this.#contents)
      assert.equal(contents.size, 1, `${this.name}: contents of ${txnId}: ${[...contents].join('\n')}`);
    for (const [said, carriers] of this.#carriers)
      assert.equal(carriers.size, 1, `${this.name} was sent "${said}" in ${carriers.size} transactions`);
    for (const [writer, bodies] of written) {
      const came = this.#messages.filter(body => bodies.includes(body));
      assert.deepEqual(came, bodies, `${this.name} was sent what ${writer} wrote, with holes or in another order`);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#peer[Symbol.asyncDispose]();
  }
}
