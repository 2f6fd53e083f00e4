import type { Boards } from '../../../administration/boards.ts';
import { Type } from '../../../base/schema.ts';
import { CLUSTER_PORT } from '../../../cluster/joining/join-message.ts';
import { withPort } from '../../../cluster/joining/own-address.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({
  /** `HOST` or `HOST:PORT` of this board: only where the cluster begins, and the address is not the obvious one. */
  address: Type.Optional(Type.String({ maxLength: 300 })),
  /** How long the invitation is good. */
  minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 })),
});

/** Ours: an invitation for another board, good once. */
export const inviteBoard = (boards: Boards) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/cluster/invitations',
    auth: 'admin',
    body: Body,
    handle({ body: { address, minutes = 60 } }) {
      const own = address === undefined ? undefined : withPort(address, CLUSTER_PORT);
      if (address !== undefined && own === undefined)
        throw new MatrixError('M_INVALID_PARAM', `${address} is no address: write HOST or HOST:PORT.`);
      return boards.invite(own, minutes * 60_000);
    },
  });
