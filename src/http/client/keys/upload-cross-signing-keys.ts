import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Keys } from '../../../keys/keys.ts';
import type { InteractiveAuth } from '../../../keys/ports.ts';
import { endpoint } from '../../endpoint.ts';

/** The keys are checked by `keys/`, and `auth` by whoever asks for proof. */
const Body = Type.Object({
  master_key: Type.Optional(Type.Unknown()),
  self_signing_key: Type.Optional(Type.Unknown()),
  user_signing_key: Type.Optional(Type.Unknown()),
  auth: Type.Optional(Type.Unknown()),
});

const PATH = '/_matrix/client/v3/keys/device_signing/upload';

/** An appservice has proved itself by its token (since v1.17 of the specification). */
const byToken = async () => undefined;

export const uploadCrossSigningKeys = (parts: {
  readonly keys: Pick<Keys, 'crossSigning'>;
  readonly interactiveAuth: InteractiveAuth;
}) =>
  endpoint({
    method: 'POST',
    path: PATH,
    auth: 'user',
    limit: 'keys',
    body: Body,
    async handle({ user, body, ip }) {
      const { crossSigning } = parts.keys;
      const upload = body as JsonObject;
      const outcome = await crossSigning.upload(user, upload, user.appservice === undefined ? undefined : byToken);
      if (outcome === 'needs_auth') {
        const proof = await parts.interactiveAuth.require({ operation: `POST ${PATH}`, body: upload, user, ip });
        await crossSigning.upload(user, upload, proof);
      }
      return {};
    },
  });
