import type { Device } from '../../../../accounts/devices.ts';
import type { Reply } from '../../../endpoint.ts';
import { type Html, html, page } from '../../html.ts';
import { goTo } from '../visit.ts';
import { PROFILE } from './profile.ts';
import { type AccountTask, type AccountVisit, taskForm, taskLink } from './task.ts';

const LIST = 'org.matrix.devices_list';
const VIEW = 'org.matrix.device_view';
const DELETE = 'org.matrix.device_delete';

/** The devices on which the user is logged in. */
export const devicesTask: AccountTask = {
  action: LIST,
  isSensitive: false,
  async show({ parts, user }) {
    const devices = await parts.accounts.devices.list(user.userNid);
    const items = devices.map(
      device => html`<li><a href="${taskLink(VIEW, device.deviceId)}">${nameOf(device)}</a>${lastSeen(device)}</li>\n`,
    );
    const list = items.length === 0 ? html`<p>You are logged in nowhere.</p>` : html`<ul>${items}</ul>`;
    return page('Your devices', html`${list}<p><a href="${taskLink(PROFILE)}">Your account</a></p>`);
  },
};

/** One device. */
export const deviceTask: AccountTask = {
  action: VIEW,
  isSensitive: false,
  async show(visit) {
    const device = await deviceOf(visit);
    if (device === undefined) return noDevice();
    const seen = device.lastSeenIp === undefined ? [] : [html`<li>Last address: ${device.lastSeenIp}</li>`];
    const program = device.userAgent === undefined ? [] : [html`<li>Program: ${device.userAgent}</li>`];
    const content = html`<ul><li>Device ID: <code>${device.deviceId}</code></li>
<li>Logged in ${moment(device.createdTs)}${lastSeen(device)}</li>${seen}${program}</ul>
<p><a href="${taskLink(DELETE, device.deviceId)}">Log it out</a></p>
<p><a href="${taskLink(LIST)}">All devices</a></p>`;
    return page(nameOf(device), content);
  },
};

/** Logs a device out. */
export const deleteDeviceTask: AccountTask = {
  action: DELETE,
  isSensitive: false,
  async show(visit) {
    const device = await deviceOf(visit);
    if (device === undefined) return noDevice();
    const content = html`<p>Do you want to log out <strong>${nameOf(device)}</strong> (<code>${device.deviceId}</code>)? Messages that only
this device can decrypt are lost, unless their keys are in your backup.</p>
${taskForm(visit, DELETE, html`<button>Log it out</button>`)}
<p><a href="${taskLink(LIST)}">Do not</a></p>`;
    return page('Log out a device', content);
  },
  async run({ parts, user, deviceId }) {
    await parts.accounts.devices.delete(user.userNid, [deviceId]);
    return goTo(taskLink(LIST));
  },
};

function deviceOf({ parts, user, deviceId }: AccountVisit): Promise<Device | undefined> {
  return parts.accounts.devices.find(user.userNid, deviceId);
}

function noDevice(): Reply {
  return page(
    'No such device',
    html`<p>It was logged out already. <a href="${taskLink(LIST)}">Your devices</a></p>`,
    404,
  );
}

function nameOf({ displayName, deviceId }: Device): string {
  return displayName ?? deviceId;
}

function lastSeen({ lastSeenTs }: Device): Html {
  return lastSeenTs === undefined ? html`` : html`, last used ${moment(lastSeenTs)}`;
}

function moment(ts: number): string {
  return `${new Date(ts).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
