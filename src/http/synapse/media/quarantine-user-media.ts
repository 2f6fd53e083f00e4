import type { Users } from '../../../accounts/users.ts';
import type { Quarantine } from '../../../media/quarantine.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Quarantining all media of a user". */
export const quarantineUserMedia = ({
  users,
  quarantine,
}: {
  readonly users: Users;
  readonly quarantine: Quarantine;
}) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/user/:userId/media/quarantine',
    auth: 'admin',
    async handle({ user: by, params }) {
      const { userNid } = await localUser(users, params.userId);
      return { num_quarantined: await quarantine.holdOfUser(userNid, by.userNid) };
    },
  });
