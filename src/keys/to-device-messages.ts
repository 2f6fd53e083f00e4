import { domainOf, isUserId, type ServerName, type UserId } from '../core/ids.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { ToDeviceLimits } from './inbox-limits.ts';
import type { DeviceNames } from './ports.ts';

/** User ID to device ID (or `*` for all devices) to content. */
export type ToDeviceMessages = { readonly [userId: string]: { readonly [deviceId: string]: JsonObject } };

/** Messages for one local user, contents as JSON texts. */
export interface Addressed {
  readonly userId: UserId;
  readonly byDevice: ReadonlyMap<string, string>;
}

export interface Target {
  readonly userNid: number;
  readonly byDevice: ReadonlyMap<string, string>;
}

export interface SplitMessages {
  readonly local: readonly Addressed[];
  readonly remote: ReadonlyMap<UserId, ReadonlyMap<string, JsonObject>>;
}

/**
 * Messages for this server and for others. What is no user ID can be nobody's and is left out.
 *
 * @throws MatrixError M_TOO_LARGE
 */
export function splitByServer(messages: ToDeviceMessages, own: ServerName, limits: ToDeviceLimits): SplitMessages {
  const local: Addressed[] = [];
  const remote = new Map<UserId, ReadonlyMap<string, JsonObject>>();
  let targets = 0;
  for (const [userId, byDevice] of Object.entries(messages)) {
    const devices = Object.entries(byDevice);
    targets += devices.length;
    checkTargets(targets, limits.targets);
    if (!isUserId(userId) || devices.length === 0) continue;
    const texts = devices.map(([deviceId, content]) => [deviceId, checkedText(content, limits)] as const);
    if (domainOf(userId) === own) local.push({ userId, byDevice: new Map(texts) });
    else remote.set(userId, new Map(devices));
  }
  return { local, remote };
}

function checkedText(content: JsonObject, limits: ToDeviceLimits): string {
  const text = JSON.stringify(content);
  if (utf8Length(text) <= limits.messageBytes) return text;
  throw new MatrixError('M_TOO_LARGE', `A message is larger than ${limits.messageBytes} bytes.`);
}

function checkTargets(targets: number, limit: number): void {
  if (targets > limit) throw new MatrixError('M_TOO_LARGE', `A request reaches at most ${limit} devices.`);
}

/**
 * The devices that exist, with `*` put out, by the numbers of their users in ascending order.
 *
 * @throws MatrixError M_TOO_LARGE
 */
export function addressed(
  messages: readonly Addressed[],
  nids: ReadonlyMap<UserId, number>,
  known: ReadonlyMap<number, DeviceNames>,
  limit: number,
): Target[] {
  const targets: Target[] = [];
  let count = 0;
  for (const { userId, byDevice } of messages) {
    const userNid = nids.get(userId);
    const devices = userNid === undefined ? undefined : known.get(userNid);
    if (userNid === undefined || devices === undefined) continue;
    const forAll = byDevice.get('*');
    const found = new Map<string, string>();
    for (const deviceId of devices.keys()) {
      const content = byDevice.get(deviceId) ?? forAll;
      if (content !== undefined) found.set(deviceId, content);
    }
    count += found.size;
    checkTargets(count, limit);
    if (found.size > 0) targets.push({ userNid, byDevice: found });
  }
  return targets.toSorted((a, b) => a.userNid - b.userNid);
}

/** A content that is an object, as every content must be. */
export function contentOf(value: JsonObject | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}
