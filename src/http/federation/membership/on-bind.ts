import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import { takeBoundInvites } from '../../../federation/membership/bound-invites.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

const Body = Type.Object({
  medium: Type.String(),
  address: Type.String(),
  mxid: Type.String(),
  invites: Type.Array(Type.Unsafe<JsonObject>(Type.Object({}))),
});

/** onBindThirdPartyIdentifier: an identity server tells of invites that waited for an address. It signs no requests. */
export const onBind = (parts: Pick<MembershipRouteParts, 'rooms' | 'guard' | 'exchange'>) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v1/3pid/onbind',
    auth: 'none',
    limit: 'invite',
    body: Body,
    strictJson: true,
    async handle({ body }) {
      await takeBoundInvites(parts, body.mxid, body.invites);
      return {};
    },
  });
