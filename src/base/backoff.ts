import { type Random, randomFraction } from './random.ts';

/** How long waits after failures become, in milliseconds. */
export interface RetrySettings {
  readonly initial: number;
  readonly factor: number;
  readonly longest: number;
}

const SPREAD = 0.2;

/**
 * How long to wait after the `tries`th failure in a row, spread by a fifth either way so that those that failed together
 * do not come back together. A server that asks for more patience gets it, within the longest wait.
 */
export function waitAfter(
  settings: RetrySettings,
  tries: number,
  retryAfterMs: number | undefined,
  random: Random,
): number {
  const { initial, factor, longest } = settings;
  const plain = Math.min(initial * factor ** Math.min(tries - 1, 100), longest);
  return Math.round(
    Math.max(plain * (1 - SPREAD + 2 * SPREAD * randomFraction(random)), Math.min(retryAfterMs ?? 0, longest)),
  );
}

/** More than this, in milliseconds, `waitAfter` never tells anybody to wait: what seems to be put off for longer is due. */
export function longestWait({ longest }: RetrySettings): number {
  return longest * (1 + SPREAD);
}
