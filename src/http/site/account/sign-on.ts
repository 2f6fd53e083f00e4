import { endpoint } from '../../endpoint.ts';
import { LOGIN_PATH } from '../../oauth/oauth-paths.ts';
import { depart, requireSignOn, type SignOnRouteParts } from '../sign-on/departure.ts';
import { onPage } from '../sign-on/pages.ts';
import { continuation } from './continue-to.ts';
import { nowhere } from './nowhere.ts';

const PATH = `${LOGIN_PATH}/sign-on` as const;

/** `GET /_copse/login/sign-on`: from the page on which people sign in to a provider of single sign-on. */
export const departFromLogin = (parts: SignOnRouteParts) =>
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'none',
    limit: 'login',
    async handle({ query }) {
      const page = continuation(query.get('continue') ?? '');
      if (page === undefined) return nowhere();
      return onPage(async () => depart(await requireSignOn(parts).begin(query.required('provider'), { page }), parts));
    },
  });

export function signOnLink(provider: string, next: string): string {
  return `${PATH}?${new URLSearchParams({ provider, continue: next })}`;
}
