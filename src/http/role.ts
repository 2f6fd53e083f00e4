/**
 * The roles that answer requests. A process answers what its roles name, and what stands in front of several processes
 * sends each request to one that has its role (`src/front/`).
 */
export const REQUEST_ROLES = ['client', 'sync', 'initial-sync', 'media', 'federation-in'] as const;
export type RequestRole = (typeof REQUEST_ROLES)[number];

/** Who answers for a role that no process has by itself: the two differ in what they keep others waiting for. */
export const STANDS_IN: Partial<Readonly<Record<RequestRole, RequestRole>>> = { 'initial-sync': 'sync' };
