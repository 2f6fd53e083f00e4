import type { Leases } from './leases.ts';

/** What a process may do: answer requests of a kind, or the work behind. A process without any does everything. */
export const ROLES = [
  'client',
  'sync',
  'initial-sync',
  'media',
  'federation-in',
  'rooms',
  'federation-out',
  'push',
  'appservice',
  'maintenance',
  'doctor',
] as const;
export type Role = (typeof ROLES)[number];

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

/** Of each piece of work that is divided by leases, by the beginning of its name: the role of those that do it. */
const WORK_OF: readonly (readonly [string, Role])[] = [
  ['shard-', 'rooms'],
  ['holes', 'rooms'],
  ['probes', 'rooms'],
  ['hello', 'rooms'],
  ['joins', 'rooms'],
  ['federation-log', 'federation-out'],
  ['federation-out-', 'federation-out'],
  ['device-lists', 'federation-out'],
  ['push', 'push'],
  ['appservices', 'appservice'],
  ['search', 'maintenance'],
  ['directory', 'maintenance'],
  ['tasks', 'maintenance'],
  ['maintenance', 'maintenance'],
  ['doctor', 'doctor'],
];

/**
 * Work of any process: the board of whoever placed others may be the one whose work has to go elsewhere, and a certificate is
 * asked for by those that have a listener to show it or whose front has.
 */
const ANYBODYS: ReadonlySet<string> = new Set(['placement', 'certificate']);

/** @throws RangeError for work that nobody would do */
export function roleOf(work: string): Role {
  const found = WORK_OF.find(([beginning]) => work.startsWith(beginning));
  if (found === undefined) throw new RangeError(`no role does ${work}`);
  return found[1];
}

/** The leases of a process that has some roles only: it leaves all other work to others. */
export function leasesOf(leases: Leases, roles: ReadonlySet<Role>): Leases {
  return {
    hold: async (name, work, signal) => {
      if (ANYBODYS.has(name) || roles.has(roleOf(name))) await leases.hold(name, work, signal);
    },
    holds: name => leases.holds(name),
    renew: name => leases.renew(name),
    workers: () => leases.workers(),
  };
}
