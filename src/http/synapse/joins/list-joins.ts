import type { JoinsStatus } from '../../../federation/joining/join-status.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: joins of rooms on other servers as they go on, and rooms whose members or other state is still to come. */
export const listJoins = (status: () => Promise<JoinsStatus>) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/copse/v1/joins',
    auth: 'admin',
    async handle() {
      const { running, unfinished } = await status();
      return {
        running: running.map(({ roomId, phase, server, reason, forSeconds, counts }) => ({
          room_id: roomId,
          phase,
          server,
          reason,
          for_seconds: Math.round(forSeconds),
          ...counts,
        })),
        unfinished: unfinished.map(({ roomId, lacksMembers, awaited, tries, problem }) => ({
          room_id: roomId,
          lacks_members: lacksMembers,
          awaited,
          tries,
          problem,
        })),
      };
    },
  });
