import type { Administration } from '../../../administration/administration.ts';
import { Type } from '../../../base/schema.ts';
import type { RoomId } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';
import { adminView } from '../admin-view.ts';

const Body = Type.Object({
  delete_local_events: Type.Optional(Type.Boolean()),
  purge_up_to_event_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  purge_up_to_ts: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
});

type Parts = { readonly administration: Administration };

/** Synapse admin API, "Purge History API", with the event in the body. */
export const purgeHistory = (parts: Parts) => purge(parts, '/_synapse/admin/v1/purge_history/:roomId');

/** Synapse admin API, "Purge History API", with the event in the path. */
export const purgeHistoryUpTo = (parts: Parts) => purge(parts, '/_synapse/admin/v1/purge_history/:roomId/:eventId');

function purge({ administration: { historyPurge, tasks } }: Parts, path: string) {
  return endpoint({
    method: 'POST',
    path,
    auth: 'admin',
    body: Body,
    async handle({ user, params, body }) {
      const { roomId, eventId } = params as { readonly roomId: RoomId; readonly eventId?: string };
      const task = await historyPurge.begin(tasks, roomId, adminView(user), {
        eventId: eventId ?? body.purge_up_to_event_id ?? undefined,
        ts: body.purge_up_to_ts ?? undefined,
        deleteLocal: body.delete_local_events ?? false,
      });
      return { purge_id: task.id };
    },
  });
}
