import { DEFAULT_BODY_LIMIT } from '../http/endpoint.ts';
import type { Route } from './route.ts';
import { patternOf } from './rules.ts';

/** Paths that are treated alike, apart from where they go. */
export interface Treatment {
  readonly bodyLimit: number;
  /** Whether an answer may take as long as a client likes to wait. */
  readonly isLongPoll: boolean;
  /** Whether an answer comes soon, or from another process. */
  readonly isQuick: boolean;
  readonly paths: readonly string[];
}

/** Those that differ from the usual: the small limit, and an answer that comes soon. */
export function treatmentsOf(routes: readonly Route[]): Treatment[] {
  const special = routes.filter(route => isLongPoll(route) || isQuick(route) || route.bodyLimit > DEFAULT_BODY_LIMIT);
  const groups = Map.groupBy(special, route => `${isLongPoll(route)} ${isQuick(route)} ${limitOf(route)}`);
  const treatments = [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const paths = [first, ...others].map(({ path }) => path).sort();
    return [{ bodyLimit: limitOf(first), isLongPoll: isLongPoll(first), isQuick: isQuick(first), paths }];
  });
  return treatments.sort((one, other) => ((one.paths[0] ?? '') < (other.paths[0] ?? '') ? -1 : 1));
}

function isLongPoll({ role }: Route): boolean {
  return role === 'sync' || role === 'initial-sync';
}

function isQuick({ isQuick = false }: Route): boolean {
  return isQuick;
}

function limitOf({ bodyLimit }: Route): number {
  return Math.max(bodyLimit, DEFAULT_BODY_LIMIT);
}

/** nginx takes no longer word than 4096 bytes. */
const LONGEST_PATTERN = 3000;

/** Regular expressions that fit these paths, none too long to be written into a configuration. */
export function patternsOf(paths: readonly string[], parameter: string): string[] {
  const patterns: string[] = [];
  let alternatives: string[] = [];
  for (const path of paths) {
    const next = patternOf(path, parameter);
    if (alternatives.length > 0 && alternatives.join('|').length + next.length > LONGEST_PATTERN) {
      patterns.push(`^(?:${alternatives.join('|')})$`);
      alternatives = [];
    }
    alternatives.push(next);
  }
  return alternatives.length === 0 ? patterns : [...patterns, `^(?:${alternatives.join('|')})$`];
}
