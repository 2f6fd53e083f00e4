import type { MovingDatabase } from '../../../administration/moving-database.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({ url: Type.String({ pattern: '^postgres(ql)?://.' }) });

/** Ours: begins to move the database to PostgreSQL, in the background. */
export const beginMove = (database: MovingDatabase) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/database/move',
    auth: 'admin',
    body: Body,
    handle: ({ body }) => database.toPostgres(body.url),
  });
