import { type RetrySettings, waitAfter } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { LoopShare } from '../../base/loop-share.ts';
import { type Random, randomToken } from '../../base/random.ts';
import type { ServerName } from '../../core/ids.ts';
import { getString } from '../../core/json.ts';
import type { Tx } from '../../db/database.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { type CollectParts, collect } from './collect.ts';
import { findStanding, keepPending, recordFailure } from './destination.table.ts';
import { MOST_ITEMS } from './draft.ts';
import { GatheredWrites } from './gathered-writes.ts';
import { type Pending, pendingFrom, pendingText } from './moves.ts';
import type { OutboundCounters } from './outbound-metrics.ts';
import type { Parcel } from './parcel.ts';
import { repeat } from './repeat.ts';
import { setAside } from './set-aside.table.ts';
import { type Outcome, type TransmitParts, transmit } from './transmit.ts';

export interface CourierParts extends CollectParts, TransmitParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly retry: RetrySettings;
  readonly acknowledgements: Acknowledgements;
  readonly counters: OutboundCounters;
  /** Whether events of other servers are being taken in just now: these go first. */
  readonly isTakingIn: () => boolean;
}

/**
 * How a visit to a server ended: nothing is left for it; more is; more is that cannot be read yet; or it cannot be
 * reached, and is tried again then.
 */
export type Visit =
  | { readonly end: 'done' | 'more' | 'behind'; readonly hasDelivered: boolean }
  | { readonly end: 'failing'; readonly retryAt: number };

/** After so many transactions a server makes way for others. */
const MOST_TRANSACTIONS = 5;
/**
 * Transactions that begin in one turn of the event loop: one to a server that there is no connection to takes about 3 ms of
 * CPU, and a message to thousands of servers would keep everybody else waiting for as many of them as run side by side.
 */
const BEGUN_A_TURN = 4;
/** Of these come twice as many in a turn: some before its end and some at once after it. */
const SENT_A_TURN = 2;
/**
 * The same while events of others are being taken in. A turn has about 2 ms of work on those and one of these costs as much: where
 * there is too little of the machine for both, messages of others were shown up to 45 s late with one in each turn.
 */
const BEGUN_BESIDE = 1 / 8;
/** Receivers may work long on what they get. Whoever has not taken anything yet is not waited for as long. */
const TIMEOUT_MS = 60_000;
const FIRST_TIMEOUT_MS = 20_000;
/** Failures of a server itself before what it is sent is suspected. */
const TRIES_BEFORE_DOUBT = 3;
const TXN_ID_BYTES = 18;

interface Session {
  readonly domainNid: number;
  readonly server: ServerName;
  readonly signal: AbortSignal;
  /** Failures in a row until now. */
  readonly tries: number;
  /** The most items of the next transaction. */
  items: number;
  /** What was sent and not acknowledged. */
  pending: Pending | undefined;
  isFailing: boolean;
  hasDelivered: boolean;
}

type Next = 'delivered' | 'on' | 'done' | 'behind' | { readonly retryAt: number };
type Later = Pick<Extract<Outcome, { result: 'later' }>, 'reason' | 'retryAfterMs'>;

/**
 * Brings one server what waits for it: one transaction at a time, in order. All servers together take a share of each turn
 * of the event loop, so that what comes in goes before what goes out.
 */
export class Courier {
  readonly #parts: CourierParts;
  /** Of those that read what goes next, and of those that send it: many come from a claim at once. */
  readonly #reading = new LoopShare(() => (this.#parts.isTakingIn() ? BEGUN_BESIDE : BEGUN_A_TURN));
  readonly #sending = new LoopShare(() => (this.#parts.isTakingIn() ? BEGUN_BESIDE : SENT_A_TURN));
  readonly #claims = new GatheredWrites<{ readonly domainNid: number; readonly pending: string }>(some =>
    this.#parts.db.tx(tx => keepPending(tx, some)),
  );

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** `isKnown`: it has taken something in the life of this process. @throws the reason of `signal`, DatabaseUnavailableError */
  async visit(domainNid: number, isKnown: boolean, signal: AbortSignal): Promise<Visit> {
    const session = await this.#open(domainNid, isKnown, signal);
    for (let delivered = 0; delivered < MOST_TRANSACTIONS; ) {
      const next = await this.#one(session);
      if (next === 'done' || next === 'behind') return { end: next, hasDelivered: session.hasDelivered };
      if (next === 'delivered') delivered++;
      else if (next !== 'on') return { end: 'failing', retryAt: next.retryAt };
    }
    return { end: 'more', hasDelivered: session.hasDelivered };
  }

  async #open(domainNid: number, isKnown: boolean, signal: AbortSignal): Promise<Session> {
    const { db, store } = this.#parts;
    const server = await store.nids.domains.name(db, domainNid);
    const standing = await findStanding(db, domainNid);
    return {
      domainNid,
      server,
      signal,
      tries: standing?.tries ?? 0,
      items: MOST_ITEMS,
      pending: pendingFrom(standing?.pending),
      isFailing: typeof standing?.retry_at === 'number',
      hasDelivered: isKnown,
    };
  }

  async #one(session: Session): Promise<Next> {
    await this.#reading.take(1);
    session.signal.throwIfAborted();
    using parcel =
      session.pending === undefined
        ? await collect(this.#parts, session, session.signal)
        : await repeat(this.#parts, session, session.pending, session.signal);
    if (parcel.items === 0) return this.#nothing(session, parcel);
    const outcome = await this.#transmit(session, parcel, session.pending ?? (await this.#claim(session, parcel)));
    this.#parts.counters.transactions.add({ result: outcome.result });
    if (outcome.result === 'delivered') return this.#delivered(session, parcel, outcome.errors);
    const isDoubtful =
      outcome.result === 'refused' || (outcome.isServerError && session.tries + 1 >= TRIES_BEFORE_DOUBT);
    if (isDoubtful && ((parcel.items > 1 && outcome.result === 'refused') || (await this.#takesNothing(session))))
      return this.#refused(session, parcel, outcome.reason);
    return this.#failed(session, outcome);
  }

  /**
   * Gives a transaction its ID, durably, before it is sent for the first time: whoever sends it again, in this process or
   * another, sends the same. A process that was held for dead cannot claim, and so begins no transaction any more.
   */
  async #claim({ domainNid, signal }: Session, parcel: Parcel): Promise<Named> {
    const named = this.#name();
    if (!parcel.movesAnything) return named;
    const { moves, made, fleeting, bytes } = parcel;
    await this.#claims.write({ domainNid, pending: pendingText({ ...named, moves, made, fleeting, bytes }) });
    signal.throwIfAborted();
    return named;
  }

  #name(): Named {
    const { clock, random } = this.#parts;
    return { txnId: randomToken(random, TXN_ID_BYTES), ts: clock.now() };
  }

  async #transmit(session: Session, parcel: Sendable, { txnId, ts }: Named): Promise<Outcome> {
    await this.#sending.take(1);
    const { server, signal, hasDelivered } = session;
    return transmit(this.#parts, parcel, {
      server,
      txnId,
      ts,
      signal,
      timeoutMs: hasDelivered ? TIMEOUT_MS : FIRST_TIMEOUT_MS,
    });
  }

  /** Whether the server takes a transaction without anything in it: then it works, and what was in it is to blame. */
  async #takesNothing(session: Session): Promise<boolean> {
    const nothing = { events: [], edus: [], fleeting: [] };
    return (await this.#transmit(session, nothing, this.#name())).result === 'delivered';
  }

  async #nothing(session: Session, parcel: Parcel): Promise<Next> {
    if (session.pending === undefined && !parcel.movesAnything) {
      if (session.isFailing) await this.#acknowledge(session, parcel);
      return parcel.isBehind ? 'behind' : 'done';
    }
    session.pending = undefined;
    if (parcel.movesAnything) await this.#acknowledge(session, parcel);
    return 'on';
  }

  async #delivered(session: Session, parcel: Parcel, errors: ReadonlyMap<string, string>): Promise<Next> {
    const { counters, log } = this.#parts;
    if (session.isFailing) log.info('A server takes what it is sent again.', { server: session.server });
    const isMore = parcel.movesAnything || session.isFailing ? await this.#acknowledge(session, parcel) : true;
    counters.events.add({}, parcel.events.length);
    counters.edus.add({}, parcel.edus.length + parcel.fleeting.length);
    if (errors.size > 0) this.#tellErrors(session.server, errors);
    session.items = Math.min(session.items * 2, MOST_ITEMS);
    session.pending = undefined;
    session.hasDelivered = true;
    // Whoever is left something meanwhile is visited again.
    return parcel.isAll && !isMore ? 'done' : 'delivered';
  }

  /** Answers whether more has come meanwhile to the ranges of the transaction. */
  async #acknowledge(session: Session, parcel: Parcel, also?: (tx: Tx) => Promise<void>): Promise<boolean> {
    const { domainNid, isFailing: hasRecovered } = session;
    session.isFailing = false;
    return this.#parts.acknowledgements.write({ domainNid, moves: parcel.moves, hasRecovered, also });
  }

  #tellErrors(server: ServerName, errors: ReadonlyMap<string, string>): void {
    this.#parts.counters.errors.add({}, errors.size);
    const [[event, error]] = [...errors] as [[string, string]];
    this.#parts.log.info('A server took events and refused them.', { server, count: errors.size, event, error });
  }

  /** The content is to blame: less of it goes next, down to the one item, which is set aside. */
  async #refused(session: Session, parcel: Parcel, reason: string): Promise<Next> {
    session.pending = undefined;
    if (parcel.items > 1) {
      session.items = Math.floor(parcel.items / 2);
      return 'on';
    }
    const { counters, log, clock } = this.#parts;
    const item = { ...described(parcel), domainNid: session.domainNid, ts: clock.now(), reason };
    const { kind, eventId } = item;
    log.error('A server cannot be sent something; it is set aside.', { server: session.server, kind, eventId, reason });
    counters.setAside.add();
    await this.#acknowledge(session, parcel, tx => setAside(tx, item));
    session.hasDelivered = true;
    return 'on';
  }

  async #failed(session: Session, { reason, retryAfterMs }: Later): Promise<Next> {
    const { db, clock, random, log, retry, ephemeral } = this.#parts;
    const { domainNid, server, tries } = session;
    const now = clock.now();
    const retryAt = now + waitAfter(retry, tries + 1, retryAfterMs, random);
    await db.tx(tx => recordFailure(tx, domainNid, { now, retryAt, reason }));
    ephemeral.drop(domainNid);
    const fields = { server, reason, tries: tries + 1, seconds: Math.round((retryAt - now) / 1000) };
    if (tries === 0) log.info('A server does not take what it is sent; it is tried again later.', fields);
    else log.debug('A server still does not take what it is sent.', fields);
    return { retryAt };
  }
}

type Named = Pick<Pending, 'txnId' | 'ts'>;
type Sendable = Pick<Parcel, 'events' | 'edus' | 'fleeting'>;

/** What is known of the only item of a transaction. */
function described({ events, edus, fleeting }: Parcel) {
  const [event] = events;
  if (event !== undefined) return { kind: 'event', roomNid: event.roomNid, eventId: event.id, json: null };
  const edu = edus[0] ?? fleeting[0] ?? {};
  const kind = getString(edu, 'edu_type') ?? 'unknown';
  return { kind, roomNid: null, eventId: null, json: JSON.stringify(edu) };
}
