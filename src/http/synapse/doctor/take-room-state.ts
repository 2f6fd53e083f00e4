import { Type } from '../../../base/schema.ts';
import { isRoomId } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';
import { serversIn } from './servers-in.ts';

const Body = Type.Object({ room_id: Type.String() });

/** Ours: takes the state of a room in as another server has it, and tells what came of it or why it is not done. */
export const takeRoomState = ({ repairs }: DoctorRouteParts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/doctor/federation/:server/take_state',
    auth: 'admin',
    body: Body,
    async handle({ params, body: { room_id: roomId }, signal }) {
      const [server] = serversIn([params.server]);
      if (server === undefined) throw new Error('one name in, one name out');
      if (!isRoomId(roomId)) throw new MatrixError('M_INVALID_PARAM', `${roomId} is no room ID.`);
      return repairs.takeState(server, roomId, signal);
    },
  });
