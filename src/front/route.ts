import { DEFAULT_BODY_LIMIT, pathsOf } from '../http/endpoint.ts';
import type { RequestRole } from '../http/role.ts';
import type { PlacedEndpoint } from '../http/served-by.ts';

/** What says which of the processes of a role gets a request. */
export type RoutedBy = 'room' | 'user' | 'origin' | 'any';

/** A path that is served, whatever the method. */
export interface Route {
  /** A template such as `/_matrix/client/v3/rooms/:roomId/state`; a `*` at the end stands for any rest. */
  readonly path: string;
  readonly role: RequestRole;
  /** Another role gets requests that have not this parameter. */
  readonly without?: { readonly parameter: string; readonly role: RequestRole };
  readonly routedBy: RoutedBy;
  /** The largest body in bytes. */
  readonly bodyLimit: number;
  /** It is only written into a room, which may be done twice and waits for no other server. */
  readonly isQuick?: boolean;
}

/** The paths of a list of endpoints. @throws RangeError when two methods of one path belong to different roles */
export function routesOf(endpoints: readonly PlacedEndpoint[]): Route[] {
  const routes = new Map<string, Route>();
  for (const endpoint of endpoints) {
    for (const path of pathsOf(endpoint)) {
      const before = routes.get(path);
      if (before !== undefined && before.role !== endpoint.role)
        throw new RangeError(
          `${path} belongs to ${before.role} and to ${endpoint.role}: what is in front sees no methods.`,
        );
      routes.set(path, routeOf(path, endpoint, before));
    }
  }
  return [...routes.values()];
}

function routeOf(path: string, endpoint: PlacedEndpoint, before: Route | undefined): Route {
  const { role, bodyLimit = DEFAULT_BODY_LIMIT } = endpoint;
  const without = endpoint.without ?? before?.without;
  const by = routedBy(path, role);
  const isQuick = endpoint.method === 'PUT' && by === 'room' && before?.isQuick !== false;
  return {
    path,
    role,
    routedBy: by,
    isQuick,
    bodyLimit: Math.max(bodyLimit, before?.bodyLimit ?? 0),
    ...(without && { without }),
  };
}

function routedBy(path: string, role: RequestRole): RoutedBy {
  if (role === 'media') return 'any';
  if (role === 'federation-in') return 'origin';
  return role === 'client' && roomPrefix(path) !== undefined ? 'room' : 'user';
}

/** What stands before the room ID of a template, where that is the first thing in it that varies. */
export function roomPrefix(path: string): string | undefined {
  return /^([^:]*\/):roomId(?:OrAlias)?(?:\/|$)/.exec(path)?.[1];
}
