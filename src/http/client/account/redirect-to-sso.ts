import { endpoint, type Reply } from '../../endpoint.ts';
import { depart, requireSignOn, type SignOnRouteParts } from '../../site/sign-on/departure.ts';
import { onPage, providersPage } from '../../site/sign-on/pages.ts';

const PATH = '/_matrix/client/v3/login/sso/redirect';

/** redirectToSSO: to the provider where there is one, else to a choice of them. */
export const redirectToSso = (parts: SignOnRouteParts) =>
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'none',
    limit: 'login',
    async handle({ query }) {
      return onPage(async (): Promise<Reply> => {
        const signOn = requireSignOn(parts);
        const redirectUrl = query.required('redirectUrl');
        const [only, ...others] = signOn.providers;
        if (only !== undefined && others.length === 0)
          return depart(await signOn.begin(only.id, { redirectUrl }), parts);
        const rest = `redirectUrl=${encodeURIComponent(redirectUrl)}`;
        const linkTo = (id: string) => `${PATH}/${encodeURIComponent(id)}?${rest}`;
        return providersPage('Sign in', 'Where do you want to sign in?', signOn.providers, linkTo);
      });
    },
  });
