import type { Static } from 'typebox';
import type { SessionRequest } from '../../../accounts/sessions.ts';
import { Type } from '../../../base/schema.ts';

/** What those who register say of the session that they want with the account. */
export const SessionWish = {
  device_id: Type.Optional(Type.String()),
  initial_device_display_name: Type.Optional(Type.String()),
  inhibit_login: Type.Optional(Type.Boolean()),
  refresh_token: Type.Optional(Type.Boolean()),
};

const Wish = Type.Object(SessionWish);

/** Undefined: none is wanted. */
export function wantedSession(wish: Static<typeof Wish>): Omit<SessionRequest, 'userNid'> | undefined {
  if (wish.inhibit_login === true) return undefined;
  return {
    deviceId: wish.device_id,
    displayName: wish.initial_device_display_name,
    refreshable: wish.refresh_token,
  };
}
