import type { Accounts } from '../../../accounts/accounts.ts';
import { Type } from '../../../base/schema.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';

export interface ReportParts {
  readonly accounts: Pick<Accounts, 'reports'>;
  readonly rooms: RoomsParts;
}

/** Clients leave the reason out or send null where nothing was typed; `score` went with version 1.18. */
export const ReportBody = Type.Object({
  reason: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  score: Type.Optional(Type.Integer({ minimum: -100, maximum: 0 })),
});
