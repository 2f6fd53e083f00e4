import type { Endpoint } from './endpoint.ts';
import { type RequestRole, STANDS_IN } from './role.ts';

/** An endpoint of which is known who answers it. */
export interface PlacedEndpoint extends Endpoint {
  readonly role: RequestRole;
}

/** Says of a group of endpoints which role answers them; what stands at a single endpoint holds. */
export function servedBy(role: RequestRole, endpoints: readonly Endpoint[]): PlacedEndpoint[] {
  return endpoints.map(endpoint => ({ ...endpoint, role: endpoint.role ?? role }));
}

/** Whether a process with these roles answers the endpoint, at least for some requests. */
export function isServedBy(roles: ReadonlySet<string>, { role, without }: PlacedEndpoint): boolean {
  const wanted = without === undefined ? [role] : [role, without.role];
  return wanted.flatMap(each => [each, STANDS_IN[each] ?? each]).some(each => roles.has(each));
}
