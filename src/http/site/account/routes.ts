import type { Endpoint } from '../../endpoint.ts';
import type { SignOnRouteParts } from '../sign-on/departure.ts';
import { authorizeRoutes } from './authorize.ts';
import { forgottenRoutes } from './forgotten.ts';
import { linkRoutes } from './link.ts';
import { type LoginPageParts, loginRoutes } from './login.ts';
import { manageRoutes } from './manage/routes.ts';
import { departFromLogin } from './sign-on.ts';
import { signUpRoutes } from './sign-up.ts';

/** Pages on which people sign in, let clients in, and look after their account. */
export function accountPageRoutes(parts: LoginPageParts, signOn: SignOnRouteParts): Endpoint[] {
  return [
    ...loginRoutes(parts),
    departFromLogin(signOn),
    ...signUpRoutes(parts),
    ...forgottenRoutes(parts),
    ...authorizeRoutes(parts),
    ...linkRoutes(parts),
    ...manageRoutes(parts),
  ];
}
