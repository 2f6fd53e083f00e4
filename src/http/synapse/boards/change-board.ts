import type { Boards } from '../../../administration/boards.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({
  is_cordoned: Type.Optional(Type.Boolean()),
  labels: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,40}$' }), { maxItems: 20 })),
});

/** Ours: nothing is placed on a board any more, or again; or it gets other labels. */
export const changeBoard = (boards: Boards) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/copse/v1/cluster/boards/:name',
    auth: 'admin',
    body: Body,
    async handle({ params, body: { is_cordoned: isCordoned, labels } }) {
      await boards.change(params.name, { ...(isCordoned !== undefined && { isCordoned }), ...(labels && { labels }) });
      return {};
    },
  });
