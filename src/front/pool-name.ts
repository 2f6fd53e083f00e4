import type { RequestRole } from '../http/role.ts';

/** What the processes of a role are called together. */
export function poolName(role: RequestRole): string {
  return `copse_${role.replaceAll('-', '_')}`;
}
