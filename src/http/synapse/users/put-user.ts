import type { Static, TSchema } from 'typebox';
import type { UserAdministration, UserWish } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { isUserId } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { endpoint, reply } from '../../endpoint.ts';
import { type UserAnswerParts, userAnswer } from './user-answer.ts';

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const Flag = Type.Optional(Type.Boolean());

/** Null is nothing, as it is where it is missing: forms send it. */
const list = <T extends TSchema>(item: T) => Type.Optional(Type.Union([Type.Array(item), Type.Null()]));

const Body = Type.Object({
  password: Text,
  logout_devices: Flag,
  displayname: Text,
  avatar_url: Text,
  threepids: list(Type.Object({ medium: Type.String(), address: Type.String() })),
  external_ids: list(Type.Object({ auth_provider: Type.String(), external_id: Type.String() })),
  admin: Flag,
  deactivated: Flag,
  user_type: Text,
  locked: Flag,
  suspended: Flag,
  approved: Flag,
});

interface Parts extends UserAnswerParts {
  readonly users: Users;
  readonly administration: UserAdministration;
}

/** Synapse admin API, "Create or modify account". 201: it was made. */
export const putUser = ({ users, administration, ...parts }: Parts) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/v2/users/:userId',
    auth: 'admin',
    body: Body,
    async handle({ user: by, params: { userId }, body }) {
      if (!isUserId(userId) || !users.isLocal(userId)) throw invalidParam('This is no user ID of this server.');
      const wish = wishOf(body);
      const known = await users.find(userId);
      if (known === undefined) await administration.create(userId, wish);
      else await administration.change(by, known, wish);
      const answer = await userAnswer(parts, (known ?? (await users.require(userId))).userNid);
      return reply({ status: known === undefined ? 201 : 200, body: JSON.stringify(answer) });
    },
  });

function wishOf(body: Static<typeof Body>): UserWish {
  if (body.deactivated && body.locked) throw invalidParam('An account cannot be deactivated and locked.');
  return {
    password: body.password ?? undefined,
    endSessions: body.logout_devices !== false,
    displayName: 'displayname' in body ? (body.displayname ?? '') : undefined,
    avatarUrl: 'avatar_url' in body ? (body.avatar_url ?? '') : undefined,
    isAdmin: body.admin,
    isDeactivated: body.deactivated,
    isLocked: body.locked,
    isSuspended: body.suspended,
    isApproved: body.approved,
    userType: body.user_type,
    threepids: body.threepids ?? undefined,
    identities: body.external_ids?.map(({ auth_provider: provider, external_id: subject }) => ({ provider, subject })),
  };
}
