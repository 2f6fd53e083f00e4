import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterStatus } from './cluster-status.ts';

test('it is told who does what, and what nobody does', () => {
  const process = { address: null, started_ts: 0, roles: [], isDraining: false };
  const offers = ['push', 'shard-0', 'shard-1', 'shard-2', 'shard-5', 'search'];
  const status = clusterStatus('one', {
    processes: [
      { ...process, nid: 1, name: 'one', address: 'http://127.0.0.1:1', offers },
      { ...process, nid: 2, name: 'two', roles: ['push', 'sync'], offers: ['push'], isDraining: true },
    ],
    leases: new Map([
      ['shard-0', 1],
      ['shard-1', 1],
      ['shard-5', 1],
      ['search', 1],
      ['push', 2],
    ]),
  });
  assert.deepEqual(status, {
    own: 'one',
    processes: [
      { name: 'one', address: 'http://127.0.0.1:1', roles: [], isDraining: false, work: ['search', 'shard 0-1, 5'] },
      { name: 'two', address: undefined, roles: ['push', 'sync'], isDraining: true, work: ['push'] },
    ],
    unheld: ['shard 2'],
  });
});
