import { isIPv6 } from 'node:net';
import { parse } from 'yaml';
import { ROLES } from '../cluster/roles.ts';
import { REQUEST_ROLES, type RequestRole } from '../http/role.ts';
import { FrontError } from './front-error.ts';

/** A process that answers requests. */
export interface FrontProcess {
  /** Such as `b7-sync`: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  readonly roles: readonly RequestRole[];
  /** Host and port. */
  readonly address: string;
  /** It is about to end: it gets nothing new. */
  readonly isDraining: boolean;
}

/** What the processes of a cluster say of themselves. */
export interface LivingProcess {
  readonly name: string;
  /** A URL; undefined before it listens. */
  readonly address: string | undefined;
  /** Empty: all of them. */
  readonly roles: readonly string[];
  /** It is about to end. */
  readonly isDraining: boolean;
}

/** Those that listen. Of two lives of one process the later one counts. */
export function processesOf(living: readonly LivingProcess[]): FrontProcess[] {
  const byName = new Map<string, FrontProcess>();
  for (const { name, address, roles, isDraining } of living) {
    if (address === undefined) continue;
    const has = REQUEST_ROLES.filter(role => roles.length === 0 || roles.includes(role));
    byName.set(name, { name, address: new URL(address).host, roles: has, isDraining });
  }
  return [...byName.values()];
}

/**
 * Reads a list of `{ name, address, roles?, draining? }` in YAML or JSON. Without `roles` a process has all of them.
 * @throws FrontError
 */
export function parseProcesses(text: string): FrontProcess[] {
  const list = parsed(text);
  if (!Array.isArray(list) || list.length === 0)
    throw new FrontError('The file of processes must be a list, with name and address of each.');
  const processes = list.map((each: unknown, at) => processOf(each, `process ${at + 1}`));
  for (const key of ['name', 'address'] as const) {
    const seen = new Set<string>();
    for (const process of processes) {
      if (seen.has(process[key])) throw new FrontError(`Two processes have the ${key} ${process[key]}.`);
      seen.add(process[key]);
    }
  }
  return processes;
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new FrontError(`The file of processes is no YAML: ${(error as Error).message}`, error);
  }
}

function processOf(given: unknown, where: string): FrontProcess {
  const { name, address, roles, draining, ...more } = Object(given) as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !/^[\w.-]{1,60}$/.test(name))
    throw new FrontError(`The name of ${where} must be made of letters, digits, dots and dashes.`);
  if (typeof address !== 'string' || !isAddress(address))
    throw new FrontError(`The address of ${name} must be a host and a port, such as 10.77.0.9:8008.`);
  if (draining !== undefined && typeof draining !== 'boolean')
    throw new FrontError(`\`draining\` of ${name} must be true or false.`);
  const unknown = Object.keys(more)[0];
  if (unknown !== undefined) throw new FrontError(`${name} has a key ${unknown}, which does not exist.`);
  return { name, address, roles: rolesOf(roles, name), isDraining: draining ?? false };
}

function rolesOf(given: unknown, name: string): readonly RequestRole[] {
  if (given === undefined) return REQUEST_ROLES;
  if (!Array.isArray(given)) throw new FrontError(`\`roles\` of ${name} must be a list.`);
  const known: ReadonlySet<unknown> = new Set(ROLES);
  const strange = given.find(role => !known.has(role));
  if (strange !== undefined) throw new FrontError(`${name} has the role ${String(strange)}, which does not exist.`);
  return REQUEST_ROLES.filter(role => given.includes(role));
}

/** `host:port`, with an IPv6 address in brackets. */
export function isAddress(text: string): boolean {
  const [, host = '', port = ''] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) < 1 || Number(port) > 65_535) return false;
  return !host.startsWith('[') || isIPv6(host.slice(1, -1));
}
