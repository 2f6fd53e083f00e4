import type { Endpoint } from '../../endpoint.ts';
import type { SynapseRouteParts } from '../synapse-route-parts.ts';
import { createUserDevice } from './create-user-device.ts';
import { deleteUserDevice } from './delete-user-device.ts';
import { deleteUserDevices } from './delete-user-devices.ts';
import { getUserDevice } from './get-user-device.ts';
import { listUserDevices } from './list-user-devices.ts';
import { updateUserDevice } from './update-user-device.ts';

/** Synapse admin API, "User devices". */
export function deviceRoutes({ accounts }: Pick<SynapseRouteParts, 'accounts'>): Endpoint[] {
  return [
    listUserDevices(accounts),
    createUserDevice(accounts),
    deleteUserDevices(accounts),
    getUserDevice(accounts),
    updateUserDevice(accounts),
    deleteUserDevice(accounts),
  ];
}
