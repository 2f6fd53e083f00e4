import { getString, type JsonObject } from '../../core/json.ts';
import { forbidden, MatrixError } from '../../core/matrix-error.ts';
import { REASON } from '../applications.ts';
import type { AuthStage, InteractiveAuth, InteractiveOutcome } from '../interactive-auth.ts';
import { PROOF_OF_WORK } from '../proof-of-work.ts';
import type { Registration } from '../registration.ts';

export interface SignUpParts {
  readonly registration: Registration;
  readonly interactive: InteractiveAuth;
}

/** What somebody has entered who wants an account. */
export interface SignUpForm {
  /** The authentication session. */
  readonly session: string;
  readonly name: string;
  readonly password: string;
  readonly token: string;
  readonly reason: string;
  readonly accepted: boolean;
}

/** What has to be asked. */
export interface SignUpQuestions {
  readonly session: string;
  readonly stages: readonly AuthStage[];
}

const OPERATION = 'POST register';

/** Making an account on a page: the same stages as in a client, all of them at once. */
export class SignUp {
  readonly #parts: SignUpParts;

  constructor(parts: SignUpParts) {
    this.#parts = parts;
  }

  /** `session`: the one to go on in. @throws MatrixError M_FORBIDDEN where registration is closed */
  async questions(session: string | undefined, ip: string): Promise<SignUpQuestions> {
    const outcome = await this.#check(session === undefined ? {} : { session }, ip);
    return { session: sessionOf(outcome), stages: this.#stages() };
  }

  /**
   * Makes the account. Its number; undefined where an administrator has to let it in first.
   *
   * @throws MatrixError M_FORBIDDEN for a stage that is not passed, and those of a registration
   */
  async make(form: SignUpForm, ip: string): Promise<number | undefined> {
    const { registration } = this.#parts;
    const stages = this.#stages();
    const userId = await registration.requireAvailable(form.name);
    registration.requireGoodPassword(form.password);
    registration.requireRoom(ip);
    const authSession = await this.#pass(stages, form, ip);
    const made = await registration.register({ userId, password: form.password, ip, authSession, login: undefined });
    return registration.letsIn ? made.userNid : undefined;
  }

  /** The short flow, if there are several. */
  #stages(): readonly AuthStage[] {
    return this.#parts.registration.flows()[0] ?? [];
  }

  async #pass(stages: readonly AuthStage[], form: SignUpForm, ip: string): Promise<string> {
    let outcome = await this.#check({ session: form.session }, ip);
    for (const stage of stages) {
      if (outcome.passed || isCompleted(outcome, stage)) continue;
      outcome = await this.#check({ session: sessionOf(outcome), ...answerTo(stage, form) }, ip);
      const error = outcome.passed ? undefined : getString(outcome.challenge, 'error');
      if (error !== undefined) throw forbidden(error);
    }
    if (!outcome.passed) throw forbidden('The form lay open for too long. Send it once more.');
    return outcome.session;
  }

  #check(auth: JsonObject, ip: string): Promise<InteractiveOutcome> {
    const { interactive, registration } = this.#parts;
    return interactive.check({ operation: OPERATION, body: { auth }, user: undefined, ip }, registration.flows());
  }
}

function sessionOf(outcome: InteractiveOutcome): string {
  return outcome.passed ? outcome.session : (getString(outcome.challenge, 'session') ?? '');
}

function isCompleted(outcome: InteractiveOutcome, stage: AuthStage): boolean {
  const completed = outcome.passed ? undefined : outcome.challenge.completed;
  return Array.isArray(completed) && completed.includes(stage);
}

/** @throws MatrixError M_FORBIDDEN for what no form can answer */
function answerTo(type: AuthStage, { token, reason, accepted }: SignUpForm): JsonObject {
  if (type === 'm.login.registration_token') return { type, token };
  if (type === REASON) return { type, reason };
  if (type === 'm.login.terms' && !accepted) throw forbidden('An account needs that you accept the documents.');
  if (type === PROOF_OF_WORK) throw new MatrixError('M_FORBIDDEN', 'Have your browser do the computation first.');
  return { type };
}
