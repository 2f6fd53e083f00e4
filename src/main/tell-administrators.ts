import type { Parts } from './compose-parts.ts';

const MOST = 20;

/** Tells those who administer this server something, in the rooms where the server speaks to them. */
export function tellAdministrators({ accounts, administration }: Pick<Parts, 'accounts' | 'administration'>) {
  return async (text: string): Promise<void> => {
    const filter = { isAdmin: true, isDeactivated: false, isLocked: false };
    const { users } = await accounts.userList.page({ filter, order: 'name', backward: false, from: 0, limit: MOST });
    for (const { userNid } of users) {
      const user = await accounts.users.byNid(userNid);
      if (user === undefined) continue;
      const notice = { type: 'm.room.message', content: { msgtype: 'm.text', body: text }, stateKey: undefined };
      await administration.notices.send(user, notice, undefined);
    }
  };
}
