import type { JsonObject } from '../../../core/json.ts';
import type { LogWindow } from '../../window.ts';
import { TOLD_ACCOUNT_DATA, TOLD_RECEIPTS } from '../connection-state.ts';
import type { WantedExtensions } from '../request.ts';
import { accountDataExtension } from './account-data.ts';
import { deviceListsExtension } from './encryption.ts';
import { type ExtensionContext, forgetScope } from './extension-context.ts';
import { receiptsExtension } from './receipts.ts';
import { toDeviceExtension } from './to-device.ts';
import { typingExtension } from './typing.ts';

/** The extensions of an answer, by name. `ctx`: undefined where it is known that nothing happened in any room. */
export async function extensionsPart(
  window: LogWindow,
  wanted: WantedExtensions,
  ctx: ExtensionContext | undefined,
): Promise<JsonObject> {
  const { toDevice, e2ee, accountData, receipts, typing } = wanted;
  if (ctx !== undefined && accountData === undefined) forgetScope(ctx, TOLD_ACCOUNT_DATA);
  if (ctx !== undefined && receipts === undefined) forgetScope(ctx, TOLD_RECEIPTS);
  return {
    ...(toDevice && { to_device: await toDeviceExtension(window, toDevice) }),
    ...(e2ee && { e2ee: await deviceListsExtension(window) }),
    ...(accountData && { account_data: await accountDataExtension(window, ctx, accountData) }),
    ...(receipts && { receipts: ctx === undefined ? {} : await receiptsExtension(ctx, receipts) }),
    ...(typing && { typing: ctx === undefined ? {} : typingExtension(ctx, typing) }),
  };
}

/** Whether there is anything in them that the client does not have. */
export function hasExtensionNews({ to_device: toDevice, ...others }: JsonObject): boolean {
  const { events = [] } = (toDevice ?? {}) as { readonly events?: readonly JsonObject[] };
  return events.length > 0 || Object.values(others).some(part => Object.keys(part as JsonObject).length > 0);
}
