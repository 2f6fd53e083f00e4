import { Type } from '../../../base/schema.ts';

/** How often and how long a token is good; null: without bound. */
export const TokenBounds = {
  uses_allowed: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
  expiry_time: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
};
