import type { AccountData } from '../../../accounts/account-data.ts';
import type { Users } from '../../../accounts/users.ts';
import type { JsonObject } from '../../../core/json.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Item = { readonly type: string; readonly content: JsonObject };

/** Synapse admin API, "Account Data": all that the user's clients keep here. */
export const getUserAccountData = (parts: { readonly users: Users; readonly accountData: AccountData }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/accountdata',
    auth: 'admin',
    async handle({ params }) {
      const { userNid } = await localUser(parts.users, params.userId);
      const { global, rooms } = await parts.accountData.everything(userNid);
      const byRoom = Map.groupBy(rooms, item => item.roomId);
      const ofRooms = [...byRoom].map(([roomId, items]) => [roomId, byType(items)] as const);
      return { account_data: { global: byType(global), rooms: Object.fromEntries(ofRooms) } };
    },
  });

function byType(items: readonly Item[]): JsonObject {
  return Object.fromEntries(items.map(({ type, content }) => [type, content]));
}
