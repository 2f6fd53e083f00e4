import { Type } from '../../../base/schema.ts';

/** The body of endpoints that change one's own membership. Further keys are allowed. */
export const OwnBody = Type.Object({ reason: Type.Optional(Type.String()) });
