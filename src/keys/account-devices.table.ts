import { sql } from '../db/sql.ts';
import type { LocalDevices } from './ports.ts';

/** The device table of `accounts`, read for many users at once. */
export const accountDevices: LocalDevices = {
  async of(db, userNids) {
    const rows = await db.all<{ user_nid: number; device_id: string; display_name: string | null }>(
      sql`select user_nid, device_id, display_name from device where user_nid ${sql.in(userNids)}`,
    );
    const byUser = new Map<number, Map<string, string | undefined>>();
    for (const row of rows) {
      const names = byUser.get(row.user_nid) ?? new Map<string, string | undefined>();
      byUser.set(row.user_nid, names.set(row.device_id, row.display_name ?? undefined));
    }
    return byUser;
  },
};
