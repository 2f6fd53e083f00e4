import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import type { ServerName } from '../core/ids.ts';
import { requireDatabaseOf } from './database-owner.ts';

const [OURS, OTHER] = ['example.org', 'other.org'] as ServerName[] as [ServerName, ServerName];

onEachDatabase('a database is that of the first server that opened it, and of no other', async db => {
  await requireDatabaseOf(OURS, db);
  await requireDatabaseOf(OURS, db);
  await assert.rejects(requireDatabaseOf(OTHER, db), {
    name: 'DataFolderError',
    message: /belongs to the server example\.org, and the data folder to other\.org.*--data.*`database\.url`/,
  });
});
