import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { auditBefore, insertAudit, pruneAudit } from './audit.table.ts';

onEachDatabase('what is old is forgotten in steps, and what is too much', async db => {
  const row = { user_nid: 1, ip: '', method: 'PUT', path: '/x' };
  for (let ts = 1; ts <= 5; ts++) await db.tx(tx => insertAudit(tx, { ...row, ts }));
  assert.equal(await db.tx(tx => pruneAudit(tx, 4, 2)), 2);
  assert.equal(await db.tx(tx => pruneAudit(tx, 4, 2)), 1);
  assert.equal(await db.tx(tx => pruneAudit(tx, 4, 2)), 0);
  const left = await auditBefore(db, Number.MAX_SAFE_INTEGER, 10);
  assert.deepEqual(
    left.map(({ ts }) => ts),
    [5, 4],
  );
});
