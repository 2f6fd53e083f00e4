import type { Static } from 'typebox';
import type { Requester } from '../../../accounts/requester.ts';
import type { Users } from '../../../accounts/users.ts';
import type { Administration } from '../../../administration/administration.ts';
import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import { type Endpoint, endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

const PATH = '/_synapse/admin/v1/send_server_notice';

const Body = Type.Object({
  user_id: Type.String(),
  content: Type.Unsafe<JsonObject>(Type.Object({})),
  type: Type.Optional(Type.String()),
  state_key: Type.Optional(Type.String()),
});

interface Parts {
  readonly users: Users;
  readonly administration: Administration;
}

/** Synapse admin API, "Server Notices". */
export const sendNotice = (parts: Parts): Endpoint =>
  endpoint({
    method: 'POST',
    path: PATH,
    auth: 'admin',
    body: Body,
    strictJson: true,
    handle: ({ user, body }) => send(parts, user, body, undefined),
  });

/** The same; what is repeated with its transaction ID is sent once. */
export const sendNoticeOnce = (parts: Parts): Endpoint =>
  endpoint({
    method: 'PUT',
    path: `${PATH}/:txnId`,
    auth: 'admin',
    body: Body,
    strictJson: true,
    handle: ({ user, params, body }) => send(parts, user, body, params.txnId),
  });

async function send(
  { users, administration }: Parts,
  by: Requester,
  body: Static<typeof Body>,
  txnId: string | undefined,
) {
  const user = await localUser(users, body.user_id);
  const { type = 'm.room.message', content, state_key: stateKey } = body;
  const key =
    txnId === undefined ? undefined : { userNid: by.userNid, deviceId: by.deviceId ?? '', scope: 'notice', txnId };
  return { event_id: await administration.notices.send(user, { type, content, stateKey }, key) };
}
