import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { PASSWORD, userId } from '../clients/js-sdk/stage.ts';
import { freePort } from '../support/free-port.ts';
import { challengeOf, METADATA, SCOPE, VERIFIER } from '../support/oauth.ts';
import { startServer } from '../support/running-server.ts';
import { openBrowser, reasonToSkip } from './chromium.ts';
import { onPage } from './picture.ts';

const skip = reasonToSkip() ?? false;

/** A program on the same machine that waits for the browser to come back. */
async function openProgram(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((_request, answer) => answer.end('back in the program'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/back`,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve()).closeAllConnections()),
  };
}

const PRIVATE = 'example.app.heron:/back';

async function registered(server: string): Promise<string> {
  const uris = ['http://127.0.0.1/back', PRIVATE];
  const metadata = { ...METADATA, application_type: 'native', redirect_uris: uris };
  const answer = await fetch(`${server}/_copse/oauth/register`, { method: 'POST', body: JSON.stringify(metadata) });
  return ((await answer.json()) as { client_id: string }).client_id;
}

test('a person in a browser makes an account for a program, lets it in, and is led back to it', { skip }, async () => {
  const port = await freePort();
  await using server = await startServer({ port, config: { public_base_url: `http://127.0.0.1:${port}` } });
  await using program = await openProgram();
  await using browser = await openBrowser();
  const clientId = await registered(server.url);
  const authorization = (redirect_uri: string, more: Record<string, string> = {}) =>
    `${server.url}/_copse/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri,
      scope: SCOPE,
      state: 'a state',
      code_challenge: challengeOf(VERIFIER),
      code_challenge_method: 'S256',
      ...more,
    })}`;
  await onPage(await browser.newPage(), async page => {
    await page.goto(authorization(program.url, { prompt: 'create' }));
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText(userId('alice')).waitFor();
    // The policy of the page has to allow where the form leads in the end.
    await page.getByRole('button', { name: 'Let it in' }).click();
    await page.getByText('back in the program').waitFor();
    const back = new URL(page.url());
    assert.equal(back.origin + back.pathname, program.url);
    assert.deepEqual([back.searchParams.get('state'), back.searchParams.get('iss')], ['a state', `${server.url}/`]);
    assert.match(back.searchParams.get('code') ?? '', /^cpc_/);
    await page.goto(`${server.url}/_copse/account?action=org.matrix.profile`);
    await page.getByLabel('The name that others see').fill('Alice');
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.waitForURL('**/_copse/account*');
    assert.equal(await page.getByLabel('The name that others see').inputValue(), 'Alice');
    // There is no program for this scheme; whether the policy of the page lets the browser look for one is said in the console.
    const complaints: string[] = [];
    page.on('console', message => complaints.push(message.text()));
    const isRefused = async (uri: string) => {
      await page.goto(authorization(uri));
      await page.getByRole('button', { name: 'Let it in' }).click();
      await page.waitForTimeout(1000);
      return complaints.splice(0).some(text => text.includes('form-action'));
    };
    assert.equal(await isRefused(PRIVATE), false);
  });
});
