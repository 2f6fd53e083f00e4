import { endpoint } from '../../endpoint.ts';
import { depart, requireSignOn, type SignOnRouteParts } from '../sign-on/departure.ts';
import { onPage, providersPage } from '../sign-on/pages.ts';

const PATH = '/_matrix/client/v3/auth/m.login.sso/fallback/web';
const WARNING =
  'A client that is logged in to your account wants to change it: to remove a device, for instance, or to close the ' +
  'account. Sign in once more to allow that. If you did not expect this question, somebody else may have your account: ' +
  'close this page, and log out all your devices.';

/** The page of the stage `m.login.sso` (client-server API, "SSO during User-Interactive Authentication"). */
export const signOnPage = (parts: SignOnRouteParts) =>
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'none',
    limit: 'login',
    async handle({ query }) {
      return onPage(async () => {
        const signOn = requireSignOn(parts);
        const session = query.required('session');
        const provider = query.get('provider');
        if (provider !== undefined) return depart(await signOn.begin(provider, { session }), parts);
        const rest = `session=${encodeURIComponent(session)}`;
        const linkTo = (id: string) => `${PATH}?${rest}&provider=${encodeURIComponent(id)}`;
        return providersPage('Is it you?', WARNING, signOn.providers, linkTo);
      });
    },
  });
