import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Pushers } from '../../../push/pushers.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({
  kind: Type.Union([Type.String(), Type.Null()]),
  app_id: Type.String(),
  pushkey: Type.String(),
  app_display_name: Type.Optional(Type.String()),
  device_display_name: Type.Optional(Type.String()),
  profile_tag: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  lang: Type.Optional(Type.String()),
  data: Type.Optional(Type.Union([Type.Object({}), Type.Null()])),
  append: Type.Optional(Type.Boolean()),
});

/** postPusher: makes, changes or deletes (`kind: null`) a pusher. */
export const postPusher = ({ pushers }: { readonly pushers: Pushers }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/pushers/set',
    auth: 'user',
    limit: 'other',
    body: Body,
    async handle({ user, body }) {
      await pushers.set(user, body as JsonObject);
      return {};
    },
  });
