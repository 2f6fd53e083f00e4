import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';
import { serversIn } from './servers-in.ts';

const KINDS = [
  'retry_now',
  'say_hello',
  'fill_rooms',
  'fetch_keys',
  'fetch_devices',
  'renew_work',
  'publish_keys',
  'join_ends',
  'judge_again',
  'raise_limit',
  'bump_epoch',
] as const;

const Body = Type.Object({ kind: Type.Enum(KINDS) });

/** Ours: does what can be done about a server, and tells what came of it. */
export const repairServer = ({ repairs }: DoctorRouteParts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/doctor/federation/:server/repair',
    auth: 'admin',
    body: Body,
    async handle({ params, body, signal }) {
      const [server] = serversIn([params.server]);
      if (server === undefined) throw new Error('one name in, one name out');
      return repairs.repair(server, body.kind, signal);
    },
  });
