import { createClient, MatrixError } from 'matrix-js-sdk';
import { OAuth2 } from 'matrix-js-sdk/lib/oauth/index.js';
import type { Device } from './device.ts';

export const REDIRECT = 'https://app.example/back';

const METADATA = {
  client_name: 'Heron',
  client_uri: 'https://app.example/',
  redirect_uris: [REDIRECT] as [string],
  logo_uri: 'https://app.example/logo.png',
  tos_uri: 'https://elsewhere.example/terms',
};

/** Logging in by OAuth 2.0, with the SDK's own functions. */
export const oauthCommands = (device: Device) => {
  let oauth: OAuth2 | undefined;
  let refreshes = 0;
  let waiting: ReturnType<OAuth2['waitForDeviceAuthorizationGrant']> | undefined;

  let resetting: Promise<void> | undefined;
  let allowed = () => {};

  const flow = () => {
    if (oauth === undefined) throw new Error('The client has not registered.');
    return oauth;
  };

  return {
    /** Finds out how to log in here, and registers. */
    async registerClient() {
      const metadata = await device.client.getAuthMetadata();
      const clientId = await OAuth2.registerClient(metadata, METADATA);
      oauth = new OAuth2(metadata, { clientId });
      return { clientId, actions: metadata.account_management_actions_supported ?? [] };
    },

    /** Where the user's browser is to go. */
    authorizationUrl: (state: string, prompt?: string) =>
      flow().generateAuthorizationCodeGrantUrl(state, REDIRECT, 'fragment', prompt),

    async completeCodeGrant(code: string) {
      return goOn(await flow().completeAuthorizationCodeGrant(code, REDIRECT));
    },

    /** What the user is shown; then it waits until somebody lets the device in, or does not. */
    async startDeviceGrant() {
      const session = await flow().startDeviceAuthorizationGrant();
      waiting = flow().waitForDeviceAuthorizationGrant(session);
      return session.verification_uri_complete ?? '';
    },

    async finishDeviceGrant() {
      const answer = await waiting;
      if (answer === undefined || 'error' in answer) throw new Error(answer?.error ?? 'nothing was asked for');
      return goOn(answer);
    },

    /** From now on the server does not know the access token, as when it has expired. */
    loseAccessToken() {
      device.client.setAccessToken('cpa_forgotten');
    },

    refreshes: () => refreshes,

    /** Cross-signing keys where there are none yet: nothing is asked for. */
    async makeFirstKeys() {
      await device.crypto.bootstrapCrossSigning({
        authUploadDeviceSigningKeys: async makeRequest => void (await makeRequest(null)),
      });
    },

    /** Begins to replace the cross-signing keys: the page on which the user has to allow it. */
    beginReset: () =>
      new Promise<string>((resolve, reject) => {
        const told = new Promise<void>(done => {
          allowed = done;
        });
        resetting = device.crypto.bootstrapCrossSigning({
          setupNewCrossSigning: true,
          async authUploadDeviceSigningKeys(makeRequest) {
            const challenge = await refused(() => makeRequest(null));
            resolve(challenge.params['m.oauth'].url);
            await told;
            await makeRequest({ session: challenge.session });
          },
        });
        resetting.catch(reject);
      }),

    /** The user says that it is allowed. */
    async finishReset() {
      allowed();
      await resetting;
    },
  };

  async function goOn({ access_token: accessToken, refresh_token: refreshToken }: Tokens) {
    const { baseUrl } = device;
    const { user_id: userId, device_id: deviceId = '' } = await createClient({ baseUrl, accessToken }).whoami();
    if (refreshToken === undefined) throw new Error('The answer brings no refresh token.');
    const { clientId: oauthClientId, deviceId: wanted } = flow().context;
    device.take({
      userId,
      deviceId,
      accessToken,
      refreshToken,
      oauthClientId,
      onTokenRefresh: () => {
        refreshes++;
      },
    });
    return { userId, deviceId, isOurDevice: deviceId === wanted };
  }
};

interface OAuthChallenge {
  readonly session: string;
  readonly params: { readonly 'm.oauth': { readonly url: string } };
}

async function refused(run: () => Promise<unknown>): Promise<OAuthChallenge> {
  try {
    await run();
  } catch (error) {
    if (error instanceof MatrixError && error.httpStatus === 401) return error.data as unknown as OAuthChallenge;
    throw error;
  }
  throw new Error('Nothing was asked for.');
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}
