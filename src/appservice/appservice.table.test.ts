import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { beginAtHeads, forgetReader, readerPositions } from '../rooms/log-reader.table.ts';
import {
  addAppservice,
  addTransaction,
  appserviceIds,
  appserviceRow,
  deleteAppservice,
  oldestTransaction,
  retryNow,
  transactionFailed,
  transactionTaken,
  waitingFor,
} from './appservice.table.ts';

onEachDatabase('transactions wait in their order, under numbers that are never used again', async db => {
  await db.tx(async tx => {
    await addAppservice(tx, 'irc');
    await addAppservice(tx, 'irc');
    await addAppservice(tx, 'other');
    await addTransaction(tx, 'irc', '{"a":"é"}');
    await addTransaction(tx, 'irc', '{}');
    await addTransaction(tx, 'other', '[]');
  });
  assert.deepEqual({ ...(await oldestTransaction(db, 'irc')) }, { txn: 1, bytes: 10, body: '{"a":"é"}' });
  assert.deepEqual({ ...(await waitingFor(db, 'irc')) }, { transactions: 2, bytes: 12 });
  await db.tx(tx => transactionTaken(tx, 'irc', 1));
  await db.tx(tx => transactionTaken(tx, 'irc', 2));
  assert.equal(await oldestTransaction(db, 'irc'), undefined);
  assert.deepEqual({ ...(await waitingFor(db, 'irc')) }, { transactions: 0, bytes: 0 });
  await db.tx(tx => addTransaction(tx, 'irc', '{}'));
  assert.equal((await oldestTransaction(db, 'irc'))?.txn, 3);
  assert.deepEqual({ ...(await waitingFor(db, 'other')) }, { transactions: 1, bytes: 2 });
});

onEachDatabase('failures are kept until something is taken, and a sign of life ends the wait', async db => {
  await db.tx(async tx => {
    await addAppservice(tx, 'irc');
    await addTransaction(tx, 'irc', '{}');
    await transactionFailed(tx, 'irc', { tries: 3, retryAt: 5000, reason: 'it answered 500' });
  });
  assert.deepEqual(
    { ...(await appserviceRow(db, 'irc')) },
    { id: 'irc', tries: 3, retry_at: 5000, reason: 'it answered 500' },
  );
  await db.tx(tx => retryNow(tx, 'irc'));
  assert.deepEqual(
    { ...(await appserviceRow(db, 'irc')) },
    { id: 'irc', tries: 3, retry_at: null, reason: 'it answered 500' },
  );
  await db.tx(tx => transactionTaken(tx, 'irc', 1));
  assert.deepEqual({ ...(await appserviceRow(db, 'irc')) }, { id: 'irc', tries: 0, retry_at: null, reason: null });
  await db.tx(tx => deleteAppservice(tx, 'irc'));
  assert.deepEqual(await appserviceIds(db), []);
});

onEachDatabase('a new reader begins at the heads of all shards, and one that reads stays where it is', async db => {
  await db.tx(tx => beginAtHeads(tx, 'appservice irc'));
  const begun = await readerPositions(db, 'appservice irc');
  assert.equal(begun.size, 16);
  await db.tx(tx => beginAtHeads(tx, 'appservice irc'));
  assert.deepEqual(await readerPositions(db, 'appservice irc'), begun);
  await db.tx(tx => forgetReader(tx, 'appservice irc'));
  assert.equal((await readerPositions(db, 'appservice irc')).size, 0);
});
