import { type RequestRole, STANDS_IN } from '../http/role.ts';
import { FrontError } from './front-error.ts';
import type { FrontProcess } from './process.ts';
import type { Route } from './route.ts';
import { ELSEWHERE } from './rules.ts';
import type { Service } from './services.ts';

/** A name under which people and servers come. */
export interface PublicName {
  readonly host: string;
  /** All of the server, or only the word where that is to be found. Servers that ask for no word get all of it. */
  readonly serves: 'everything' | 'well-known';
  /** A chain in PEM. HAProxy wants its key in the same file, or beside it with `.key` at the end of its name. */
  readonly certificate: string;
  readonly key: string;
}

export interface FrontSettings {
  readonly names: readonly PublicName[];
  /** Local addresses, IPv6 in brackets. */
  readonly addresses: readonly string[];
  readonly httpsPort: number;
  /** Where servers come that found no word on where to go (server-server API, "Resolving server names"). */
  readonly federationPort: number;
  /** A port without TLS; undefined where there is none. */
  readonly plainPort: number | undefined;
  /** What stands in front of this front: its word on the address of a client is believed. */
  readonly proxies: readonly string[];
  /** Of a service: certificate and key by its host. */
  readonly certificateOf: (host: string) => Pick<PublicName, 'certificate' | 'key'>;
}

/** All that a configuration is made of. */
export interface Front {
  readonly routes: readonly Route[];
  readonly processes: readonly FrontProcess[];
  readonly services: readonly Service[];
  readonly settings: FrontSettings;
  /** Of what the files of certificates hold: renewed ones make another text. Undefined where none can be read. */
  readonly seal?: string | undefined;
  /** Whether a role may have nobody: its paths answer with an error then. */
  readonly mayLackRoles?: boolean | undefined;
}

/** The files of certificates that a configuration names. */
export function certificatesOf({ settings, services }: Pick<Front, 'settings' | 'services'>): string[] {
  const ofServices = services.map(({ host }) => settings.certificateOf(host).certificate);
  return [...new Set([...settings.names.map(({ certificate }) => certificate), ...ofServices])].sort();
}

/** The processes of a role. Nobody where that is allowed. */
export interface Pool {
  readonly role: RequestRole;
  readonly processes: readonly FrontProcess[];
}

/**
 * The processes of each role that has paths, in the order of their names: the same processes always give the same text.
 * @throws FrontError when paths would have nobody, and have to
 */
export function poolsOf(front: Pick<Front, 'routes' | 'processes' | 'mayLackRoles'>): Pool[] {
  const { routes, processes, mayLackRoles = false } = front;
  const wanted = new Set(
    routes.flatMap(({ role, without }) => (without === undefined ? [role] : [role, without.role])),
  );
  wanted.add(ELSEWHERE);
  return [...wanted].sort().flatMap(role => {
    const having = processes.filter(({ roles }) => roles.includes(role)).toSorted(byName);
    if (having.length > 0) return [{ role, processes: having }];
    const instead = STANDS_IN[role];
    if (instead !== undefined && processes.some(({ roles }) => roles.includes(instead))) return [];
    if (mayLackRoles) return instead === undefined ? [{ role, processes: [] }] : [];
    throw new FrontError(`No process has the role ${role}. Give it to one: its paths would lead nowhere.`);
  });
}

/** The roles that some process has. */
export function presentRoles(pools: readonly Pool[]): ReadonlySet<RequestRole> {
  return new Set(pools.map(({ role }) => role));
}

function byName(one: FrontProcess, other: FrontProcess): number {
  return one.name < other.name ? -1 : 1;
}
