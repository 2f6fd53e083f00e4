import type { Static } from 'typebox';
import { Type } from '../../base/schema.ts';
import { ROLES } from '../roles.ts';

/** The most processes of one part. */
export const MOST_COPIES = 1000;
/** What a part may be called: it is in the names of its processes. */
export const PART_NAME = '^[a-z][a-z0-9-]{0,19}$';

/** Names of boards, or labels: a board that has any of them is meant. */
const Boards = Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { maxItems: 200 });

const PartSchema = Type.Object({
  /** Empty: everything. */
  roles: Type.Array(Type.Enum([...ROLES]), { maxItems: ROLES.length }),
  /** How many processes, or one on each board. */
  count: Type.Union([Type.Integer({ minimum: 1, maximum: MOST_COPIES }), Type.Literal('each')]),
  /** Bytes of each; as much as its roles are known to need, and as there is, where nothing is said. */
  memory: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Empty: any board. */
  boards: Boards,
  /** Not on one board as long as another one has room. */
  spread: Type.Boolean(),
});
export type DesiredPart = Static<typeof PartSchema>;

/** What an operator wants, all of it optional: Copse says the rest itself. */
export const DesiredSchema = Type.Object({
  /** By name. Undefined: what Copse would do with so many boards. */
  parts: Type.Optional(Type.Record(Type.String({ pattern: PART_NAME }), PartSchema)),
  /** How many processes a part has whatever else is said, by name (`copse role scale`). */
  counts: Type.Optional(
    Type.Record(Type.String({ pattern: PART_NAME }), Type.Integer({ minimum: 1, maximum: MOST_COPIES })),
  ),
  /** Undefined: on the boards labelled `front`, else on the first one. */
  fronts: Type.Optional(
    Type.Object({
      boards: Boards,
      /** Undefined: what is installed there. `none`: the operator has one. */
      program: Type.Optional(Type.Enum(['nginx', 'haproxy', 'none'])),
    }),
  ),
  /** Whether all boards reach the same folder of media: it may be served by any of them. */
  media_shared: Type.Optional(Type.Boolean()),
});
export type Desired = Static<typeof DesiredSchema>;
