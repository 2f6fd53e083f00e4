import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { HttpServer } from '../server.ts';
import { html } from './html.ts';
import { type Invitation, openInvitation, sealInvitation } from './invitation.ts';
import { type SiteFacts, startPage } from './start-page.ts';
import { type AccountMaker, WELCOME_PATH, welcomeRoutes } from './welcome.ts';

const secret = Buffer.alloc(32, 7);
const later = systemClock.now() + 60_000;

/** Accounts in memory: what the page asks of them is three questions. */
function memoryAccounts() {
  const made: { localpart: string; password: string; admin: boolean }[] = [];
  const makeAccounts: AccountMaker = {
    exists: async localpart => made.some(account => account.localpart === localpart),
    hasAdministrator: async () => made.some(account => account.admin),
    create: async account => {
      if (account.localpart === '') throw new MatrixError('M_INVALID_USERNAME', 'A name is missing.');
      made.push(account);
    },
  };
  return { made, makeAccounts };
}

function serverWith(makeAccounts: AccountMaker): HttpServer {
  const server = new HttpServer({
    log: silentLog,
    authenticate: async () => assert.fail('nobody logs in here'),
    countRequest: () => undefined,
    trustedProxies: [],
  });
  server.add(welcomeRoutes({ serverName: 'a.org', invitationSecret: secret, makeAccounts, clock: systemClock }));
  return server;
}

const post = (server: HttpServer, fields: Record<string, string>) =>
  server.app.inject({
    method: 'POST',
    url: WELCOME_PATH,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  });

const linkFor = (invitation: Invitation) => sealInvitation(invitation, secret);

test('an invitation opens only as it was sealed, by whoever sealed it, before it expires', () => {
  const invitation: Invitation = { localpart: 'bob', admin: false, expires: 1000 };
  const text = sealInvitation(invitation, secret);
  assert.deepEqual(openInvitation(text, secret, 999), invitation);
  assert.equal(openInvitation(text, secret, 1000), undefined);
  assert.equal(openInvitation(text, Buffer.alloc(32, 8), 999), undefined);
  const forged = `${Buffer.from(JSON.stringify({ ...invitation, admin: true })).toString('base64url')}.${text.split('.')[1]}`;
  for (const bad of [forged, '', '.', text.slice(0, -1), `${text}.x`]) {
    assert.equal(openInvitation(bad, secret, 999), undefined, bad);
  }
});

test('the first administrator chooses a name and a password, once', async () => {
  const { made, makeAccounts } = memoryAccounts();
  const server = serverWith(makeAccounts);
  const invitation = linkFor({ localpart: undefined, admin: true, expires: later });
  const form = await server.app.inject(`${WELCOME_PATH}?invitation=${invitation}`);
  assert.equal(form.statusCode, 200);
  assert.match(form.body, /name="name"/);
  const answer = await post(server, { invitation, name: 'Alice', password: 'long enough' });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(made, [{ localpart: 'alice', password: 'long enough', admin: true }]);
  const second = await post(server, { invitation, name: 'mallory', password: 'long enough' });
  assert.equal(second.statusCode, 403);
  assert.equal(made.length, 1);
});

test('an invitation with a name makes that account and no other', async () => {
  const { made, makeAccounts } = memoryAccounts();
  const server = serverWith(makeAccounts);
  const invitation = linkFor({ localpart: 'bob', admin: false, expires: later });
  await post(server, { invitation, name: 'mallory', password: 'long enough' });
  assert.deepEqual(made, [{ localpart: 'bob', password: 'long enough', admin: false }]);
  assert.equal((await server.app.inject(`${WELCOME_PATH}?invitation=${invitation}`)).statusCode, 403);
});

test('no invitation, a short password and a form that is too large make nothing', async () => {
  const { made, makeAccounts } = memoryAccounts();
  const server = serverWith(makeAccounts);
  const invitation = linkFor({ localpart: undefined, admin: true, expires: later });
  assert.equal((await post(server, { name: 'a', password: 'long enough' })).statusCode, 403);
  assert.equal((await post(server, { invitation, name: 'a', password: 'short' })).statusCode, 400);
  assert.equal((await post(server, { invitation, name: '', password: 'long enough' })).statusCode, 400);
  assert.equal((await post(server, { invitation, name: 'a'.repeat(9000), password: 'long enough' })).statusCode, 413);
  assert.deepEqual(made, []);
});

test('the start page says what this is, escaped, and runs nothing', async () => {
  const server = serverWith(memoryAccounts().makeAccounts);
  const site: SiteFacts = { serverName: 'a.org', registration: 'token', supportPage: 'https://a.org/?"><script>' };
  server.add([startPage({ site })]);
  const answer = await server.app.inject('/');
  assert.equal(answer.statusCode, 200);
  assert.match(answer.headers['content-type']?.toString() ?? '', /^text\/html/);
  assert.match(answer.headers['content-security-policy']?.toString() ?? '', /default-src 'none'/);
  assert.match(answer.body, /registration token/);
  assert.doesNotMatch(answer.body, /<script/);
});

test('values in a template are escaped, templates in it are not', () => {
  const inner = html`<b>${'<&>'}</b>`;
  assert.equal(
    `${html`<a title="${'"\''}">${[inner, inner]}</a>`}`,
    '<a title="&quot;&#39;"><b>&lt;&amp;&gt;</b><b>&lt;&amp;&gt;</b></a>',
  );
});
