import { redirectToIdp } from '../../client/account/redirect-to-idp.ts';
import { redirectToSso } from '../../client/account/redirect-to-sso.ts';
import type { Endpoint } from '../../endpoint.ts';
import { signOnPage } from '../fallback/sign-on.ts';
import { acceptPolicies } from './accept-policies.ts';
import { signOnCallback } from './callback.ts';
import type { SignOnRouteParts } from './departure.ts';

/** Single sign-on: there and back. Without it they say so. */
export function signOnRoutes(parts: SignOnRouteParts): Endpoint[] {
  return [redirectToSso(parts), redirectToIdp(parts), signOnCallback(parts), acceptPolicies(parts), signOnPage(parts)];
}
