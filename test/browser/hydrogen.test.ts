import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '../clients/eventually.ts';
import { PASSWORD, Stage, userId } from '../clients/js-sdk/stage.ts';
import { openBrowser, reasonToSkip } from './chromium.ts';
import { openClientSite } from './client-site.ts';
import { onPage, picture } from './picture.ts';

const skip = reasonToSkip() ?? false;

test('a person in a browser signs up, makes an encrypted room, invites, and is answered', { skip }, async () => {
  await using stage = await Stage.open();
  await using site = await openClientSite(stage.server.url);
  await using browser = await openBrowser();
  await onPage(await browser.newPage(), async page => {
    await page.goto(site.url);
    await page.waitForFunction('window.signUp !== undefined');
    assert.equal(await page.evaluate(`signUp('alice', '${PASSWORD}')`), userId('alice'));

    await logIn(page);
    await picture(page, 'logged-in');
    const bob = await stage.newUser('bob', { encryption: true });
    await makeRoom(page);
    await invite(page, userId('bob'));
    const roomId = await eventually(async () => (await bob.do('invitations'))[0] ?? assert.fail('no invitation yet'));
    await bob.do('join', roomId);
    await page.getByText('bob joined the room').waitFor();

    await page.getByPlaceholder('Send an encrypted message…').fill('Do you see the heron?');
    await page.keyboard.press('Enter');
    await eventually(async () => {
      assert.deepEqual(await bob.do('bodiesOf', roomId, userId('alice')), ['Do you see the heron?']);
    });
    const seen = (await bob.do('timeline', roomId)).find(event => event.body === 'Do you see the heron?');
    assert.equal(seen?.decrypted, true);
    await bob.do('sendText', roomId, 'Yes, by the water.');
    await page.getByText('Yes, by the water.').waitFor();
    await picture(page, 'answered');
  });
});

async function logIn(page: Page): Promise<void> {
  await page.getByLabel('Username').fill('alice');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log In' }).click();
  await page.getByLabel('Create room').waitFor();
}

async function makeRoom(page: Page): Promise<void> {
  await page.getByLabel('Create room').click();
  await page.getByText('Create Room', { exact: true }).click();
  await page.getByLabel('Room name').fill('Herons');
  await page.getByLabel('Enable end-to-end encryption').check();
  await page.getByRole('main').getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('listitem').getByText('Herons').click();
  await page.getByPlaceholder('Send an encrypted message…').waitFor();
}

async function invite(page: Page, guest: string): Promise<void> {
  await page.getByLabel('Room options').click();
  await page.getByText('Room details').click();
  await page.getByRole('button', { name: 'People' }).click();
  await page.getByRole('button', { name: 'Invite to this room' }).click();
  await page.getByPlaceholder('Enter user-id of user').fill(guest);
  await page.keyboard.press('Enter');
}
