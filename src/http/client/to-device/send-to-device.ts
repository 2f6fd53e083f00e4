import { Type } from '../../../base/schema.ts';
import type { Keys } from '../../../keys/keys.ts';
import type { ToDeviceMessages } from '../../../keys/to-device-messages.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({
  messages: Type.Record(Type.String(), Type.Record(Type.String(), Type.Object({}))),
});

/** Room keys for some hundred devices in one request. */
const BODY_LIMIT = 4 * 1024 * 1024;

export const sendToDevice = (parts: { readonly keys: Pick<Keys, 'toDevice'> }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/sendToDevice/:eventType/:txnId',
    auth: 'user',
    limit: 'keys',
    bodyLimit: BODY_LIMIT,
    body: Body,
    async handle({ user, params, body }) {
      await parts.keys.toDevice.send(user, params.eventType, params.txnId, body.messages as ToDeviceMessages);
      return {};
    },
  });
