import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { insertDevice } from '../accounts/device.table.ts';
import { accountDevices } from './account-devices.table.ts';

onEachDatabase('the devices of several users at once, with their names', async db => {
  await db.tx(async tx => {
    await insertDevice(tx, { user_nid: 1, device_id: 'A', display_name: 'Phone', created_ts: 1 });
    await insertDevice(tx, { user_nid: 1, device_id: 'B', display_name: null, created_ts: 1 });
    await insertDevice(tx, { user_nid: 2, device_id: 'A', display_name: 'Other', created_ts: 1 });
    await insertDevice(tx, { user_nid: 3, device_id: 'C', display_name: 'Not asked for', created_ts: 1 });
  });
  const found = await accountDevices.of(db, [1, 2, 4]);
  assert.deepEqual(
    found,
    new Map([
      [
        1,
        new Map([
          ['A', 'Phone'],
          ['B', undefined],
        ]),
      ],
      [2, new Map([['A', 'Other']])],
    ]),
  );
});
