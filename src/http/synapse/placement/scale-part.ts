import { Type } from '../../../base/schema.ts';
import { MOST_COPIES } from '../../../cluster/placement/desired.ts';
import type { Plans } from '../../../cluster/placement/plans.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({ count: Type.Integer({ minimum: 1, maximum: MOST_COPIES }) });

/** Ours: so many processes for a part, whatever else is wanted. */
export const scalePart = (plans: Plans) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/copse/v1/cluster/desired/counts/:part',
    auth: 'admin',
    body: Body,
    handle: ({ params, body }) => plans.scale(params.part, body.count),
  });
