import assert from 'node:assert/strict';
import { assertError, PASSWORD } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import type { FormBrowser } from '../../test/support/form-browser.ts';
import { BASE, OAuthWorld, withOAuth } from '../../test/support/oauth.ts';
import type { Mail } from '../accounts/ports.ts';

const ADDRESS = 'anna@example.com';
const NEW = 'a new horse';

interface Post {
  readonly world: OAuthWorld;
  readonly mails: readonly Mail[];
  /** Opens the link in the last mail, and confirms it. */
  confirm(): Promise<void>;
}

/** A server that sends mails, which are kept. */
function withMail(title: string, run: (post: Post) => Promise<void>): void {
  onEachDatabase(title, async db => {
    const mails: Mail[] = [];
    const mail = { baseUrl: BASE, send: async (each: Mail) => void mails.push(each) };
    await using world = new OAuthWorld(db, { ports: { mail } });
    await run({
      world,
      mails,
      async confirm() {
        const link = /https:\/\/copse\.test(\S+)/.exec(mails.at(-1)?.text ?? '')?.[1] ?? assert.fail('no mail');
        const browser = world.browser();
        await browser.open(link);
        assert.match((await browser.submit()).body, /Confirmed/);
      },
    });
  });
}

async function giveAddress({ world }: Post, address = ADDRESS): Promise<void> {
  const { users, threepids } = world.accounts.accounts;
  const { userNid } = await users.require((await world.accounts.user('anna')).id);
  await threepids.replace(userNid, [{ medium: 'email', address }]);
}

async function forgotten(post: Post, address = ADDRESS): Promise<FormBrowser> {
  const browser = post.world.browser();
  await browser.open('/_copse/account');
  await browser.open(browser.link(/Forgotten/));
  await browser.submit({ address });
  return browser;
}

withMail('somebody signs in with a mail address, or with its help', async post => {
  await giveAddress(post);
  const { world } = post;
  const known = world.browser();
  await known.open('/_copse/account');
  assert.match((await known.submit({ name: ADDRESS, password: PASSWORD })).body, /<code>@anna:copse\.test<\/code>/);
  const browser = await forgotten(post);
  const early = await browser.submit({ password: NEW });
  assert.deepEqual([early.status, /not confirmed yet/.test(early.body)], [403, true]);
  await post.confirm();
  assert.match((await browser.submit({ password: 'short' })).body, /class="wrong"/);
  const done = await browser.submit({ password: NEW });
  assert.ok(done.url.startsWith('/_copse/login?continue=%2F_copse%2Faccount'), done.url);
  assert.match((await browser.submit({ name: 'anna', password: NEW })).body, /signed in as/);
  assertError(await world.accounts.login('anna'), 403, 'M_FORBIDDEN');
  assert.ok((await known.open('/_copse/account')).url.startsWith('/_copse/login'), 'other browsers are signed out');
});

withMail('N142 a proof of an address serves in the browser that asked for it', async post => {
  await giveAddress(post);
  const { world, mails } = post;
  const browser = await forgotten(post);
  await post.confirm();
  const hidden = [...(browser.shows?.body ?? '').matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value] as const));
  const thief = world.browser();
  await thief.open('/_copse/account');
  assert.equal((await thief.post('/_copse/forgotten/new', { ...fields, password: NEW })).status, 403);
  assert.equal((await browser.post('/_copse/forgotten/new', { ...fields, sid: 'x', password: NEW })).status, 403);
  assert.equal((await world.accounts.login('anna')).status, 200, 'the password is still the old one');
  const count = mails.length;
  for (const next of ['https://evil.example/', ''])
    assert.equal((await browser.post('/_copse/forgotten', { continue: next, address: ADDRESS })).status, 400);
  assert.equal((await thief.post('/_copse/forgotten', { continue: '/_copse/account', address: ADDRESS })).status, 403);
  assert.equal(mails.length, count, 'no mail for a form that was not shown');
  await forgotten(post, 'nobody@example.com');
  assert.match(mails.at(-1)?.text ?? '', /no account there has it/);
});

withMail('somebody adds a mail address, and takes it away', async post => {
  const { world } = post;
  const anna = await world.accounts.user('anna');
  const addresses = async () =>
    (await world.accounts.call('GET', 'account/3pid', { token: anna.token })).body.threepids as unknown as {
      address: string;
    }[];
  const browser = world.browser();
  await browser.open('/_copse/account');
  await browser.submit({ name: 'anna', password: PASSWORD });
  await browser.open(browser.link(/Mail addresses/));
  assert.match((await browser.submit({ address: 'nonsense' })).body, /class="wrong"/);
  await browser.submit({ address: ADDRESS });
  assert.equal((await browser.submit()).status, 403, 'not yet confirmed');
  assert.deepEqual(await addresses(), []);
  await post.confirm();
  assert.match((await browser.submit()).body, /anna@example\.com/);
  assert.equal((await addresses())[0]?.address, ADDRESS);
  await browser.submit({ remove: ADDRESS });
  assert.deepEqual(await addresses(), []);
  world.accounts.clock.advance(11 * 60_000);
  const late = await browser.open('/_copse/account?action=io.copse.addresses');
  assert.ok(late.url.startsWith('/_copse/login'), 'once more');
});

withOAuth('without mails nothing is promised', async world => {
  await world.accounts.user('anna');
  const browser = world.browser();
  assert.doesNotMatch((await browser.open('/_copse/account')).body, /Forgotten/);
  assert.equal((await browser.open('/_copse/forgotten?continue=/_copse/account')).status, 400);
  await browser.open('/_copse/account');
  await browser.submit({ name: 'anna', password: PASSWORD });
  assert.match((await browser.open(browser.link(/Mail addresses/))).body, /sends no mails/);
});
