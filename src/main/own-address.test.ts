import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { addressForOthers } from './own-address.ts';

const LOCAL = 'http://127.0.0.1:8008';

function settings(host: string, databaseUrl: string, address?: string) {
  const config = loadConfig({}, { data: '/nowhere', config: undefined, noColor: false });
  return {
    cluster: { ...config.cluster, ...(address !== undefined && { address }) },
    listen: { ...config.listen, client: { ...config.listen.client, host } },
    database: { ...config.database, url: databaseUrl },
  };
}

test('what is set counts, in brackets where it is IPv6', async () => {
  const set = (address: string) => addressForOthers(LOCAL, settings('0.0.0.0', 'postgres://127.0.0.1/copse', address));
  assert.equal(await set('b7.lan'), 'http://b7.lan:8008');
  assert.equal(await set('fd00::7'), 'http://[fd00::7]:8008');
});

test('whoever listens on one address is reached there', async () => {
  assert.equal(await addressForOthers(LOCAL, settings('127.0.0.1', 'postgres://10.0.0.5/copse')), LOCAL);
});

test('whoever listens everywhere is reached at the address with which it reaches the database', async () => {
  const towards = (url: string) => addressForOthers(LOCAL, settings('0.0.0.0', url));
  assert.equal(await towards('postgres://copse:secret@127.0.0.1:5433/copse'), LOCAL);
  assert.equal(await towards('postgres://no.such.host.invalid/copse'), LOCAL);
  assert.equal(await towards(''), LOCAL);
  const own = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own !== undefined) assert.equal(await towards(`postgres://${own.address}/copse`), `http://${own.address}:8008`);
});
