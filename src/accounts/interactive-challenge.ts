import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';

/** The 401 of user-interactive authentication, thrown where a port leaves no other way: its body is the challenge. */
export class InteractiveChallenge extends MatrixError {
  readonly #body: JsonObject;

  constructor(body: JsonObject) {
    super('M_UNAUTHORIZED', 'This needs your password once more.');
    this.#body = body;
  }

  override toJSON(): JsonObject {
    return this.#body;
  }
}
