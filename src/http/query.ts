import { invalidParam, MatrixError } from '../core/matrix-error.ts';

/** The query string of a request. A parameter that is given twice counts with its first value unless `all` is asked. */
export class Query {
  readonly #params: URLSearchParams;

  constructor(text: string) {
    this.#params = new URLSearchParams(text);
  }

  get(name: string): string | undefined {
    return this.#params.get(name) ?? undefined;
  }

  all(name: string): string[] {
    return this.#params.getAll(name);
  }

  /** All of it, without `?`. */
  toString(): string {
    return this.#params.toString();
  }

  /** Everything, for those who know what it means, but the token of whoever asks. */
  fields(): URLSearchParams {
    return new URLSearchParams([...this.#params].filter(([name]) => name !== 'access_token'));
  }

  /** @throws MatrixError M_MISSING_PARAM */
  required(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw new MatrixError('M_MISSING_PARAM', `The query parameter ${name} is missing.`);
    return value;
  }

  /** A whole number, cut to `max`. @throws MatrixError M_INVALID_PARAM when it is none or below `min` */
  integer(name: string, { fallback, min = 0, max }: { fallback: number; min?: number; max: number }): number {
    const text = this.get(name);
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw invalidParam(`The query parameter ${name} must be an integer.`);
    if (value < min) throw invalidParam(`The query parameter ${name} must be at least ${min}.`);
    return Math.min(value, max);
  }

  /** @throws MatrixError M_INVALID_PARAM */
  boolean(name: string, fallback = false): boolean {
    const text = this.get(name);
    if (text === undefined) return fallback;
    if (text === 'true') return true;
    if (text === 'false') return false;
    throw invalidParam(`The query parameter ${name} must be true or false.`);
  }

  /** One of `choices`. @throws MatrixError M_INVALID_PARAM */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const text = this.get(name);
    if (text === undefined) return fallback;
    const found = choices.find(choice => choice === text);
    if (found === undefined) throw invalidParam(`The query parameter ${name} must be one of ${choices.join(', ')}.`);
    return found;
  }
}
