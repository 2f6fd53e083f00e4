import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { PROOF_OF_WORK } from '../../src/accounts/proof-of-work.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { startServer } from '../support/running-server.ts';
import { openBrowser, reasonToSkip } from './chromium.ts';
import { openClientSite } from './client-site.ts';
import { onPage, picture } from './picture.ts';

const skip = reasonToSkip() ?? false;
const REASON = 'io.copse.reason';
const ACCOUNT = { username: 'alice', password: 'a heron at dusk' };

test('a client that knows none of our stages sends people to pages of ours', { skip }, async () => {
  const registration = { mode: 'approval', proof_of_work: { when: 'always', bits: 20 } };
  await using server = await startServer({ config: { registration } });
  await using site = await openClientSite(server.url);
  await using browser = await openBrowser();
  const register = (more: JsonObject = {}) => post(`${server.url}/_matrix/client/v3/register`, { ...ACCOUNT, ...more });
  const asked = await register();
  assert.deepEqual(asked.body.flows, [{ stages: [PROOF_OF_WORK, REASON] }]);
  const session = String(asked.body.session);
  const pageOf = (stage: string) => `${server.url}/_matrix/client/v3/auth/${stage}/fallback/web?session=${session}`;

  await onPage(await browser.newPage(), async client => {
    await client.goto(site.url);
    const work = await openFrom(client, pageOf(PROOF_OF_WORK));
    await work.getByRole('heading', { name: 'Thank you' }).waitFor();
    await picture(work, 'work-done');
    assert.equal(await client.evaluate('authDone'), 'authDone');
    assert.deepEqual((await register({ auth: { session } })).body.completed, [PROOF_OF_WORK]);

    const reason = await openFrom(client, pageOf(REASON));
    await reason.getByLabel('A few words about you').fill('I am Bob’s sister.');
    await picture(reason, 'reason');
    await reason.getByRole('button', { name: 'Send' }).click();
    await reason.getByRole('heading', { name: 'Thank you' }).waitFor();
    assert.equal(await client.evaluate('authDone'), 'authDone');
  });
  const made = await register({ auth: { session } });
  assert.deepEqual([made.status, made.body.errcode], [403, 'ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL']);
});

test('a page at work says so, and how far it is', { skip }, async () => {
  const registration = { mode: 'open', open_to_everybody: true, proof_of_work: { when: 'always', bits: 26 } };
  await using server = await startServer({ config: { registration } });
  await using browser = await openBrowser();
  const { body } = await post(`${server.url}/_matrix/client/v3/register`, {});
  await onPage(await browser.newPage(), async page => {
    const stage = `_matrix/client/v3/auth/${PROOF_OF_WORK}/fallback/web`;
    await page.goto(`${server.url}/${stage}?session=${body.session}`);
    await page.getByText(/numbers tried: \d+ of 100/).waitFor();
    await picture(page, 'at-work');
  });
});

async function post(url: string, body: JsonObject): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as JsonObject };
}

/** Opens a window as clients do that wait for its message; `authDone` is what it will say. */
async function openFrom(client: Page, url: string): Promise<Page> {
  const opened = client.waitForEvent('popup');
  await client.evaluate(`
    globalThis.authDone = new Promise(resolve => addEventListener('message', event => resolve(event.data), { once: true }));
    void open(${JSON.stringify(url)});
  `);
  return opened;
}
