import type { Administration } from '../../../administration/administration.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';

const Time = Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]));
const DEFAULT_LIMIT = 1000;

const Body = Type.Object({
  rooms: Type.Array(Type.String()),
  reason: Type.Optional(Type.Union([Type.String({ maxLength: 1000 }), Type.Null()])),
  limit: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])),
  use_admin: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  after_ts: Time,
  before_ts: Time,
});

/** Synapse admin API, "Redact events of a user": answers at once, and works on. */
export const redactUser = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/user/:userId/redact',
    auth: 'admin',
    body: Body,
    async handle({ user, params, body }) {
      const { eventRedaction, tasks } = administration;
      const task = await eventRedaction.begin(tasks, params.userId, user, {
        rooms: body.rooms,
        reason: body.reason ?? undefined,
        limit: body.limit ?? DEFAULT_LIMIT,
        useAdmin: body.use_admin ?? false,
        afterTs: body.after_ts ?? undefined,
        beforeTs: body.before_ts ?? undefined,
      });
      return { redact_id: task.id };
    },
  });
