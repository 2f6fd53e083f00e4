import type { Endpoint } from '../../endpoint.ts';
import { addThreepid } from './add-threepid.ts';
import { bindThreepid } from './bind-threepid.ts';
import { deleteThreepid } from './delete-threepid.ts';
import { listThreepids } from './list-threepids.ts';
import { postThreepids } from './post-threepids.ts';
import { requestEmailTokenToAdd } from './request-email-token-to-add.ts';
import { requestEmailTokenToRegister } from './request-email-token-to-register.ts';
import { requestEmailTokenToReset } from './request-email-token-to-reset.ts';
import { requestMsisdnTokens } from './request-msisdn-token.ts';
import type { ThreepidRouteParts } from './threepid-route-parts.ts';
import { unbindThreepid } from './unbind-threepid.ts';

/** Mail addresses of accounts (client-server API, "Adding Account Administrative Contact Information"). */
export function threepidRoutes(parts: ThreepidRouteParts): Endpoint[] {
  return [
    listThreepids(parts),
    postThreepids(),
    addThreepid(parts),
    deleteThreepid(parts),
    bindThreepid(),
    unbindThreepid(),
    requestEmailTokenToAdd(parts),
    requestEmailTokenToReset(parts),
    requestEmailTokenToRegister(),
    ...requestMsisdnTokens(),
  ];
}
