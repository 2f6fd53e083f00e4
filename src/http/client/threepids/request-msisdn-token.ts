import { Type } from '../../../base/schema.ts';
import { type Endpoint, endpoint } from '../../endpoint.ts';
import { noTelephone } from './request-email-token.ts';

const Body = Type.Object({
  client_secret: Type.String(),
  country: Type.String(),
  phone_number: Type.String(),
  send_attempt: Type.Integer({ minimum: 0 }),
});

const PATHS = ['register', 'account/password', 'account/3pid'] as const;

/** requestTokenToRegisterMSISDN, requestTokenToResetPasswordMSISDN, requestTokenTo3PIDMSISDN */
export const requestMsisdnTokens = (): Endpoint[] =>
  PATHS.map(path =>
    endpoint({
      method: 'POST',
      path: `/_matrix/client/v3/${path}/msisdn/requestToken`,
      auth: 'none',
      limit: 'mail',
      body: Body,
      handle: async () => {
        throw noTelephone();
      },
    }),
  );
