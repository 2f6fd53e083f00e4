import type { Accounts } from '../../../accounts/accounts.ts';
import type { Endpoint } from '../../endpoint.ts';
import { changePassword } from './change-password.ts';
import { checkRegistrationToken } from './check-registration-token.ts';
import { checkUsername } from './check-username.ts';
import { deactivate } from './deactivate.ts';
import { deleteDevice } from './delete-device.ts';
import { deleteDevices } from './delete-devices.ts';
import { getDevice } from './get-device.ts';
import { getLock } from './get-lock.ts';
import { getLoginFlows } from './get-login-flows.ts';
import { getLoginToken } from './get-login-token.ts';
import { getSuspension } from './get-suspension.ts';
import { listDevices } from './list-devices.ts';
import { logIn } from './log-in.ts';
import { logOut } from './log-out.ts';
import { logOutAll } from './log-out-all.ts';
import { refresh } from './refresh.ts';
import { register } from './register.ts';
import { requestOpenIdToken } from './request-openid-token.ts';
import { setLock } from './set-lock.ts';
import { setSuspension } from './set-suspension.ts';
import { updateDevice } from './update-device.ts';
import { whoami } from './whoami.ts';
import { whois } from './whois.ts';

/** Registration, login, sessions, devices and what administrators do to accounts. */
export function accountRoutes({ accounts }: { readonly accounts: Accounts }): Endpoint[] {
  return [
    getLoginFlows(accounts),
    logIn(accounts),
    getLoginToken(accounts),
    logOut(accounts),
    logOutAll(accounts),
    refresh(accounts),
    whoami(),
    register(accounts),
    checkUsername(accounts),
    checkRegistrationToken(accounts),
    changePassword(accounts),
    deactivate(accounts),
    listDevices(accounts),
    getDevice(accounts),
    updateDevice(accounts),
    deleteDevice(accounts),
    deleteDevices(accounts),
    whois(accounts),
    getLock(accounts),
    setLock(accounts),
    getSuspension(accounts),
    setSuspension(accounts),
    requestOpenIdToken(accounts),
  ];
}
