import type { Endpoint } from '../../endpoint.ts';
import { exchangeThirdPartyInvite } from './exchange-third-party-invite.ts';
import { inviteV1 } from './invite-v1.ts';
import { inviteV2 } from './invite-v2.ts';
import { makeJoin } from './make-join.ts';
import { makeKnock } from './make-knock.ts';
import { makeLeave } from './make-leave.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';
import { onBind } from './on-bind.ts';
import { sendJoinV1 } from './send-join-v1.ts';
import { sendJoinV2 } from './send-join-v2.ts';
import { sendKnock } from './send-knock.ts';
import { sendLeaveV1 } from './send-leave-v1.ts';
import { sendLeaveV2 } from './send-leave-v2.ts';

/** How users of other servers come into our rooms and go, and how ours are asked into theirs. */
export function membershipRoutes(parts: MembershipRouteParts): Endpoint[] {
  return [
    makeJoin(parts),
    sendJoinV1(parts),
    sendJoinV2(parts),
    makeLeave(parts),
    sendLeaveV1(parts),
    sendLeaveV2(parts),
    makeKnock(parts),
    sendKnock(parts),
    inviteV1(parts),
    inviteV2(parts),
    exchangeThirdPartyInvite(parts),
    onBind(parts),
  ];
}
