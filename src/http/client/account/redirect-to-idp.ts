import { endpoint } from '../../endpoint.ts';
import { depart, requireSignOn, type SignOnRouteParts } from '../../site/sign-on/departure.ts';
import { onPage } from '../../site/sign-on/pages.ts';

/** redirectToIdP: to the provider that the user has chosen. */
export const redirectToIdp = (parts: SignOnRouteParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/login/sso/redirect/:idpId',
    auth: 'none',
    limit: 'login',
    async handle({ params, query }) {
      return onPage(async () => {
        const signOn = requireSignOn(parts);
        return depart(await signOn.begin(params.idpId, { redirectUrl: query.required('redirectUrl') }), parts);
      });
    },
  });
