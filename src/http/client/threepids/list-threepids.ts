import type { Threepids } from '../../../accounts/threepids.ts';
import { endpoint } from '../../endpoint.ts';

/** getAccount3PIDs: the addresses that a user has proved to be theirs. */
export const listThreepids = ({ threepids }: { readonly threepids: Threepids }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/account/3pid',
    auth: 'user',
    async handle({ user }) {
      const rows = await threepids.of(user.userNid);
      return {
        threepids: rows.map(({ medium, address, validated_ts: validated_at, added_ts: added_at }) => ({
          medium,
          address,
          validated_at,
          added_at,
        })),
      };
    },
  });
