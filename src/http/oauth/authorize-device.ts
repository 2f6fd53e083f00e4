import { required, requireGrant } from '../../accounts/oauth/grants.ts';
import type { OAuth } from '../../accounts/oauth/oauth.ts';
import { shownUserCode } from '../../accounts/oauth/user-code.ts';
import { endpoint } from '../endpoint.ts';
import { oauthAnswer, onOAuth } from './answer.ts';
import { DEVICE_PATH, LINK_PATH } from './oauth-paths.ts';
import { readParameters } from './parameters.ts';

/** RFC 8628 section 3.1; client-server API, "Device authorisation request". */
export const authorizeDevice = ({ grants, devices, base }: Pick<OAuth, 'grants' | 'devices' | 'base'>) =>
  endpoint({
    method: 'POST',
    path: DEVICE_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle({ stream }) {
      return onOAuth(async () => {
        const parameter = await readParameters(stream);
        const client = await grants.client(parameter);
        requireGrant(client, 'urn:ietf:params:oauth:grant-type:device_code');
        const codes = await devices.begin(client, required(parameter, 'scope'));
        const user_code = shownUserCode(codes.userCode);
        return oauthAnswer({
          device_code: codes.deviceCode,
          user_code,
          verification_uri: `${base}${LINK_PATH}`,
          verification_uri_complete: `${base}${LINK_PATH}?user_code=${user_code}`,
          expires_in: codes.expiresInMs / 1000,
          interval: codes.intervalMs / 1000,
        });
      });
    },
  });
