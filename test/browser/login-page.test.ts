import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { JsonObject } from '../../src/core/json.ts';
import { startServer } from '../support/running-server.ts';
import { openBrowser, reasonToSkip } from './chromium.ts';
import { onPage, picture } from './picture.ts';

const skip = reasonToSkip() ?? false;
const PASSWORD = 'a heron at dusk';

/** What a client puts into a page that it shows, to hear of the login. */
async function listen(page: Page): Promise<void> {
  await page.addInitScript('globalThis.matrixLogin = { onLogin(answer) { globalThis.heard = answer; } };');
}

async function heard(page: Page): Promise<JsonObject> {
  // Its client hears of it at the same moment. A function that the page would have to run for us it may not run.
  await page.getByText('You are signed in').waitFor();
  return (await page.evaluate('globalThis.heard')) as JsonObject;
}

async function post(url: string, body: JsonObject, token = ''): Promise<JsonObject> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return (await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as JsonObject;
}

test('a client that knows no way to log in is handed a login by a page of ours', { skip }, async () => {
  await using server = await startServer();
  await using browser = await openBrowser();
  const auth = { type: 'm.login.dummy' };
  const account = { username: 'alice', password: PASSWORD, auth };
  const { access_token: first } = await post(`${server.url}/_matrix/client/v3/register`, account);
  const url = `${server.url}/_matrix/static/client/login/?device_id=HERON&refresh_token=true`;

  await onPage(await browser.newPage(), async page => {
    await listen(page);
    await page.goto(url);
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill('something else');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('.wrong').waitFor();
    await picture(page, 'login-wrong');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const answer = await heard(page);
    assert.deepEqual([answer.device_id, typeof answer.refresh_token], ['HERON', 'string']);
    await picture(page, 'login-done');
  });

  // A provider of single sign-on, or another device, sends the browser back with a token.
  const uia = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: PASSWORD };
  const tokenUrl = `${server.url}/_matrix/client/v1/login/get_token`;
  const { session } = await post(tokenUrl, {}, String(first));
  const { login_token: token } = await post(tokenUrl, { auth: { ...uia, session: session ?? '' } }, String(first));
  await onPage(await browser.newPage(), async page => {
    await listen(page);
    await page.goto(`${server.url}/_matrix/static/client/login/?loginToken=${String(token)}`);
    const answer = await heard(page);
    assert.equal(answer.user_id, '@alice:copse.test');
    assert.ok(!page.url().includes('loginToken'), page.url());
  });
});
