import { AuthType, MediaPrefix, Method } from 'matrix-js-sdk';
import type { Device } from './device.ts';

/** What users do to their accounts, and tell of themselves. */
export const accountCommands = (device: Device) => ({
  async setProfileField(key: string, value: unknown) {
    await device.client.setExtendedProfileProperty(key, value);
  },

  async deleteProfileField(key: string) {
    await device.client.deleteExtendedProfileProperty(key);
  },

  wholeProfile: (userId: string) => device.client.getExtendedProfile(userId),

  async setPresence(presence: 'online' | 'offline' | 'unavailable', status: string) {
    await device.client.setPresence({ presence, status_msg: status });
  },

  /** As the last sync brought it. */
  presenceOf(userId: string) {
    const user = device.client.getUser(userId);
    return { presence: user?.presence, status: user?.presenceStatusMsg };
  },

  /** Logs in with a refresh token, which is the answer. */
  async logInToRefresh(user: string, password: string) {
    const answer = await device.client.loginRequest({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user },
      password,
      refresh_token: true,
    });
    const { user_id: userId, device_id: deviceId, access_token: accessToken, refresh_token: refreshToken } = answer;
    if (refreshToken === undefined) throw new Error('The answer brings no refresh token.');
    device.take({ userId, deviceId, accessToken });
    return { refreshToken, expiresInMs: answer.expires_in_ms };
  },

  /** Goes on with a new access token. */
  async refresh(refreshToken: string) {
    const { access_token: accessToken, refresh_token } = await device.client.refreshToken(refreshToken);
    device.client.setAccessToken(accessToken);
    return refresh_token;
  },

  async changePassword(old: string, password: string) {
    await device.client.setPassword(passwordAuth(device, old), password, false);
  },

  async deactivate(password: string) {
    await device.client.deactivateAccount(passwordAuth(device, password), true);
  },

  /** An upload whose address is known before its content. */
  async announceUpload() {
    const answer = await device.client.http.authedRequest<{ content_uri: string }>(
      Method.Post,
      '/create',
      undefined,
      undefined,
      { prefix: MediaPrefix.V1, priority: 'high' },
    );
    return answer.content_uri;
  },

  async finishUpload(uri: string, base64: string, type: string) {
    const path = uri.replace('mxc://', '/upload/');
    await device.client.http.authedRequest(Method.Put, path, undefined, Buffer.from(base64, 'base64') as never, {
      prefix: MediaPrefix.V3,
      priority: 'high',
      headers: { 'Content-Type': type },
      json: false,
    });
  },

  async ignore(userIds: string[]) {
    await device.client.setIgnoredUsers(userIds);
  },
});

function passwordAuth(device: Device, password: string) {
  const identifier = { type: 'm.id.user', user: device.userId };
  return { type: AuthType.Password, identifier, password };
}
