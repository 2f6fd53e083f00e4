import { Type } from '../../../base/schema.ts';

/** What its column holds. */
const MOST_USES = 2 ** 31 - 1;

/** How often and how long a token is good; null: without bound. */
export const TokenBounds = {
  uses_allowed: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: MOST_USES }), Type.Null()])),
  expiry_time: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
};
