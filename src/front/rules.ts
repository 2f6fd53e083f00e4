import { type RequestRole, STANDS_IN } from '../http/role.ts';
import type { Route } from './route.ts';

/** Requests whose raw path and query fit `pattern` go to `role`. */
export interface Rule {
  /** A regular expression as PCRE and JavaScript read it, over the raw request target. */
  readonly pattern: string;
  readonly role: RequestRole;
}

/** Where everything goes that no rule is about: it says of unknown paths that they are unknown. */
export const ELSEWHERE: RequestRole = 'client';

const LITERAL = 0;
const PARAMETER = 1;
const REST = 2;

/**
 * The rules, the first that fits holds. `present` are the roles that some process has. Patterns look at raw bytes: an
 * encoded slash in a name is part of the name, and a path that is written in another way than its template goes elsewhere.
 */
export function rulesFor(routes: readonly Route[], present: ReadonlySet<RequestRole>): Rule[] {
  const others = routes.filter(route => route.role !== ELSEWHERE);
  // Of the rest only what would be taken for one of the others: a literal wins over a parameter.
  const hidden = routes.filter(
    route => route.role === ELSEWHERE && others.some(other => overlaps(route.path, other.path)),
  );
  return [...others, ...hidden].sort((a, b) => bySpecificity(a.path, b.path)).flatMap(route => rulesOf(route, present));
}

/** The role that a request goes to. */
export function roleOf(rules: readonly Rule[], target: string): RequestRole {
  return rules.find(({ pattern }) => new RegExp(pattern).test(target))?.role ?? ELSEWHERE;
}

function rulesOf({ path, role, without }: Route, present: ReadonlySet<RequestRole>): Rule[] {
  const last = { pattern: `^${patternOf(path)}(?:\\?|$)`, role: standIn(without?.role ?? role, present) };
  if (without === undefined || standIn(without.role, present) === role)
    return [{ ...last, role: standIn(role, present) }];
  const having = `^${patternOf(path)}\\?(?:.*&)?${escaped(without.parameter)}=[^&]`;
  return [{ pattern: having, role: standIn(role, present) }, last];
}

function standIn(role: RequestRole, present: ReadonlySet<RequestRole>): RequestRole {
  return present.has(role) ? role : (STANDS_IN[role] ?? role);
}

/** A template as a regular expression over raw paths, without anchors. */
export function patternOf(path: string, parameter = '[^/?]*'): string {
  return path
    .split('/')
    .map(part => (part === '*' ? '[^?]*' : part.startsWith(':') ? parameter : escaped(part)))
    .join('/');
}

export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function kindOf(part: string): number {
  return part === '*' ? REST : part.startsWith(':') ? PARAMETER : LITERAL;
}

function overlaps(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')];
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a[at], b[at]];
    if (left === '*' || right === '*') return true;
    if (left === undefined || right === undefined) return false;
    if (kindOf(left) === LITERAL && kindOf(right) === LITERAL && left !== right) return false;
  }
  return true;
}

/** As the router of the server chooses: part by part, a literal before a parameter before the rest. Else by name. */
function bySpecificity(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [left = '', right = ''] = [a[at], b[at]];
    const difference = kindOf(left) - kindOf(right);
    if (difference !== 0) return difference;
    if (left !== right && kindOf(left) === LITERAL) return left < right ? -1 : 1;
  }
  return b.length - a.length;
}
