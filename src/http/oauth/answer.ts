import { OAuthError } from '../../accounts/oauth/oauth-error.ts';
import { type Reply, reply } from '../endpoint.ts';

/** RFC 6749 section 5.1. */
const HEADERS = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** An answer that nobody in between keeps. */
export function oauthAnswer(body: object, status = 200): Reply {
  return reply({ status, headers: HEADERS, body: JSON.stringify(body) });
}

/** Runs a request of a client; what it did wrong is said as OAuth 2.0 says it (RFC 6749 section 5.2). */
export async function onOAuth(run: () => Promise<Reply>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof OAuthError) return oauthAnswer(error, error.status);
    throw error;
  }
}
