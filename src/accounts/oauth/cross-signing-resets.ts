import type { Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import { forbidden } from '../../core/matrix-error.ts';
import type { Database, Tx } from '../../db/database.ts';
import type { AuthFlows, ConfirmationRequest, InteractiveAuth, InteractiveOutcome } from '../interactive-auth.ts';
import { deleteResetsExpired, hasReset, putReset, takeReset } from './cross-signing-reset.table.ts';

export interface CrossSigningResetsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly interactive: InteractiveAuth;
  /** The page on which a user allows it. */
  readonly page: string;
}

/** As long as it takes to go back to the client. */
const ALLOWED_MS = 10 * 60_000;
/** As it is in the specification, and as it was called in MSC4312. */
const FLOWS: AuthFlows = [['m.oauth'], ['org.matrix.cross_signing_reset']];

/**
 * New cross-signing keys for users whose clients know no password (client-server API, "OAuth authentication"): they allow it
 * on a page of this server, and the client then uploads its keys, once.
 */
export class CrossSigningResets {
  readonly #parts: CrossSigningResetsParts;

  constructor(parts: CrossSigningResetsParts) {
    this.#parts = parts;
  }

  async allow(userNid: number): Promise<void> {
    const { db, clock } = this.#parts;
    await db.tx(tx => putReset(tx, userNid, clock.now() + ALLOWED_MS));
  }

  /** The challenge that sends the client to the page, or what uses the permission up when the keys are stored. */
  async confirm(
    request: ConfirmationRequest,
  ): Promise<Exclude<InteractiveOutcome, { passed: true }> | ((tx: Tx) => Promise<void>)> {
    const { db, clock, interactive, page } = this.#parts;
    const { userNid } = request.user;
    if (await hasReset(db, userNid, clock.now())) return tx => this.#use(tx, userNid);
    const params: JsonObject = { 'm.oauth': { url: page }, 'org.matrix.cross_signing_reset': { url: page } };
    const outcome = await interactive.check(request, FLOWS, params);
    if (outcome.passed) throw new Error('nobody passes a stage that cannot be tried');
    return outcome;
  }

  /** @throws MatrixError M_FORBIDDEN when another request was quicker */
  async #use(tx: Tx, userNid: number): Promise<void> {
    if (!(await takeReset(tx, userNid, this.#parts.clock.now())))
      throw forbidden('This was allowed once, and was used.');
  }

  sweep(tx: Tx): Promise<void> {
    return deleteResetsExpired(tx, this.#parts.clock.now());
  }
}
