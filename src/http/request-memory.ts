import type { Budget } from '../base/budget.ts';
import type { Account } from '../base/budget-account.ts';

/** What a request holds from its first byte to the end of its answer: socket, parser, handler (measured: a long-poll). */
const REQUEST_BYTES = 5632;
/** A body is there as bytes, as text and as values. */
const BODY_FACTOR = 4;
/** A body that is read as a stream: what has come and what is being written. */
const STREAMED_BODY_BYTES = 192 * 1024;
/** However little memory there is: a transaction of fifty of the largest events. */
const LEAST_BODY_BYTES = 4 * 1024 * 1024;
/** Answers up to this are on their way at once, and part of `REQUEST_BYTES`. */
const SMALL_ANSWER = 4096;
/** The most that a streamed answer holds: its pieces, and the events that they are made from. */
const STREAM_BYTES = 256 * 1024;

interface RequestAccounts {
  readonly requests: Account;
  readonly bodies: Account;
  readonly answers: Account;
}

/** Charges requests to the memory budget: that they are there, their bodies, and answers until they are sent. */
export class RequestMemory {
  readonly #accounts: RequestAccounts;
  readonly #onBegin: () => void;

  /** `onBegin`: called for each request. */
  constructor(budget: Budget, onBegin: () => void = () => undefined) {
    this.#onBegin = onBegin;
    this.#accounts = {
      requests: budget.account('requests', 3 / 4),
      bodies: budget.account('bodies', 1 / 4),
      answers: budget.account('answers', 1 / 4),
    };
  }

  /** The largest body that may come, in bytes, whatever an endpoint takes: there is no memory for more. */
  get largestBody(): number {
    return Math.max(LEAST_BODY_BYTES, this.#accounts.bodies.limit);
  }

  /** @throws BudgetFullError: too many are there already */
  begin(): RequestCharge {
    this.#accounts.requests.take(REQUEST_BYTES);
    this.#onBegin();
    return new RequestCharge(this.#accounts);
  }
}

/** What one request holds, until it is disposed of. */
export class RequestCharge implements Disposable {
  readonly #accounts: RequestAccounts;
  #body: Growing | undefined;
  #answer: Growing | undefined;
  #isOver = false;

  constructor(accounts: RequestAccounts) {
    this.#accounts = accounts;
  }

  /** So many more bytes of the body have come. @throws BudgetFullError */
  addBody(bytes: number): void {
    if (this.#isOver) return;
    this.#body ??= new Growing(this.#accounts.bodies);
    this.#body.add(bytes * BODY_FACTOR);
  }

  /** The body is read as a stream. @throws BudgetFullError */
  streamBody(): void {
    if (this.#isOver) return;
    this.#body ??= new Growing(this.#accounts.bodies);
    this.#body.add(STREAMED_BODY_BYTES);
  }

  /** The answer is ready. @throws BudgetFullError */
  answer(bytes: number): void {
    if (this.#isOver || bytes <= SMALL_ANSWER) return;
    this.#answer ??= new Growing(this.#accounts.answers);
    this.#answer.add(bytes);
  }

  /** The answer will be a stream of `bytes`, or nobody knows how many. @throws BudgetFullError */
  streamAnswer(bytes: number | undefined): void {
    this.answer(Math.min(bytes ?? STREAM_BYTES, STREAM_BYTES));
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#accounts.requests.give(REQUEST_BYTES);
    this.#body?.end();
    this.#answer?.end();
  }
}

/** What grows beyond the whole account passes as all of it: alone there, it is served. */
class Growing {
  readonly #account: Account;
  #wanted = 0;
  #held = 0;

  constructor(account: Account) {
    this.#account = account;
  }

  add(bytes: number): void {
    this.#wanted += bytes;
    const more = Math.min(this.#wanted, this.#account.limit) - this.#held;
    if (more === 0) return;
    this.#account.take(more);
    this.#held += more;
  }

  end(): void {
    if (this.#held > 0) this.#account.give(this.#held);
    this.#held = 0;
  }
}
