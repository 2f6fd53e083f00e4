import type { Query } from '../../query.ts';

/** The access token of a request to an endpoint that needs none but may have one: an appservice that logs in. */
export function bearerToken(request: {
  readonly header: (name: string) => string | undefined;
  readonly query: Query;
}): string | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.header('authorization') ?? '') ?? [];
  return token ?? request.query.get('access_token');
}
