import type { FastifyReply, FastifyRequest } from 'fastify';
import { OAUTH_PREFIX } from './oauth/oauth-paths.ts';

const PREFIXES = ['/_matrix/', '/.well-known/', '/_synapse/', OAUTH_PREFIX];
/** Those with which a message is replaced belong to rendezvous sessions (MSC4108), as does the ETag. */
const ALLOWED_HEADERS = 'X-Requested-With, Content-Type, Authorization, Date, If-Match, If-None-Match';

/**
 * Client-server API, "Web Browser Clients". The administration API is not for browsers of other origins, but its
 * Synapse-shaped part is called by web consoles. Answers whether the path is for them.
 */
export function allowOrigins({ url }: FastifyRequest, answer: FastifyReply): boolean {
  if (!PREFIXES.some(prefix => url.startsWith(prefix))) return false;
  answer.header('access-control-allow-origin', '*');
  answer.header('access-control-allow-methods', 'GET, HEAD, POST, PUT, DELETE, OPTIONS');
  answer.header('access-control-allow-headers', ALLOWED_HEADERS);
  answer.header('access-control-expose-headers', 'Retry-After, Content-Disposition, ETag');
  return true;
}
