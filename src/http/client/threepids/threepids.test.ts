import assert from 'node:assert/strict';
import {
  AccountsWorld,
  type Answer,
  assertError,
  PASSWORD,
  ratesWith,
  type TestUser,
} from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import type { Mail } from '../../../accounts/ports.ts';
import type { AccountSettings } from '../../../accounts/settings.ts';
import type { Database } from '../../../db/database.ts';

const ADD = 'account/3pid/email/requestToken';
const RESET = 'account/password/email/requestToken';
const ADDRESS = 'Alice@Example.com';

/** Accounts on a server that sends mails, which are kept. */
class MailWorld extends AccountsWorld {
  readonly mails: Mail[];

  constructor(db: Database, settings: Partial<AccountSettings> = {}) {
    const mails: Mail[] = [];
    const send = async (mail: Mail) => void mails.push(mail);
    super(db, settings, { mail: { baseUrl: 'https://copse.test', send } });
    this.mails = mails;
  }

  ask(path: string, more: Record<string, unknown> = {}): Promise<Answer> {
    const body = { client_secret: 'secret', email: ADDRESS, send_attempt: 1, ...more };
    return this.call('POST', path, { body });
  }

  /** The token in the last mail. */
  get token(): string {
    return /https:\/\/copse\.test\/_copse\/mail\?token=(\S+)/.exec(this.mails.at(-1)?.text ?? '')?.[1] ?? '';
  }

  page(token: string) {
    return this.server.app.inject({ url: `/_copse/mail?token=${token}` });
  }

  confirm(token = this.token) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.server.app.inject({ method: 'POST', url: '/_copse/mail', headers, payload: `token=${token}` });
  }

  add({ token }: TestUser, sid: unknown, client_secret = 'secret'): Promise<Answer> {
    const auth = { type: 'm.login.password', password: PASSWORD };
    return this.call('POST', 'account/3pid/add', { token, body: { sid, client_secret, auth } });
  }

  /** Adds an address, with all that belongs to it. */
  async give(user: TestUser, email = ADDRESS): Promise<void> {
    const { sid } = (await this.ask(ADD, { email, client_secret: `for_${user.device}` })).body;
    await this.confirm();
    assert.deepEqual((await this.add(user, sid, `for_${user.device}`)).status, 200);
  }

  reset(sid: unknown, more: Record<string, unknown> = {}, client_secret = 'secret'): Promise<Answer> {
    const auth = { type: 'm.login.email.identity', threepid_creds: { sid, client_secret } };
    return this.call('POST', 'account/password', { body: { auth, new_password: 'another password', ...more } });
  }

  async addressesOf({ token }: TestUser): Promise<unknown> {
    const { threepids } = (await this.call('GET', 'account/3pid', { token })).body;
    return (threepids as unknown as { address: string }[]).map(({ address }) => address);
  }
}

onEachDatabase('a server without mails says so', async db => {
  await using world = new AccountsWorld(db);
  const { token } = await world.user('alice');
  const body = { client_secret: 'secret', email: ADDRESS, send_attempt: 1 };
  for (const path of [ADD, RESET]) {
    assertError(await world.call('POST', path, { body }), 400, 'M_THREEPID_MEDIUM_NOT_SUPPORTED');
    const trusted = { body: { ...body, id_server: 'id.example', id_access_token: 'x' } };
    assertError(await world.call('POST', path, trusted), 400, 'M_SERVER_NOT_TRUSTED');
    assertError(await world.call('POST', path, { body: {} }), 400, 'M_MISSING_PARAM');
  }
  assertError(await world.call('POST', 'register/email/requestToken', { body }), 403, 'M_THREEPID_DENIED');
  const phone = { client_secret: 's', country: 'GB', phone_number: '07700900001', send_attempt: 1 };
  for (const what of ['register', 'account/password', 'account/3pid'])
    assertError(
      await world.call('POST', `${what}/msisdn/requestToken`, { body: phone }),
      400,
      'M_THREEPID_MEDIUM_NOT_SUPPORTED',
    );
  assertError(await world.call('POST', 'account/password', { body: { new_password: 'x' } }), 401, 'M_MISSING_TOKEN');
  const proof = { sid: 'x', client_secret: 'y' };
  const bound = { ...proof, id_server: 'id.example', id_access_token: 'x' };
  assertError(await world.call('POST', 'account/3pid/bind', { token, body: bound }), 403, 'M_SERVER_NOT_TRUSTED');
  const old = { three_pid_creds: bound };
  assertError(await world.call('POST', 'account/3pid', { token, body: old }), 403, 'M_THREEPID_AUTH_FAILED');
  const address = { medium: 'email', address: ADDRESS };
  for (const path of ['account/3pid/unbind', 'account/3pid/delete'])
    assert.deepEqual((await world.call('POST', path, { token, body: address })).body, {
      id_server_unbind_result: 'no-support',
    });
  assert.deepEqual((await world.call('GET', 'account/3pid', { token })).body, { threepids: [] });
});

onEachDatabase('N201 an address is added once its owner has confirmed it, with the password', async db => {
  await using world = new MailWorld(db);
  const alice = await world.user('alice');
  const asked = await world.ask(ADD, { next_link: 'https://app.example/?a=1&b=2' });
  const { sid } = asked.body;
  assert.match(String(sid), /^[0-9a-zA-Z.=_-]{1,255}$/);
  const [mail] = world.mails;
  assert.equal(mail?.to, 'alice@example.com');
  assert.deepEqual((await world.ask(ADD)).body, { sid }, 'the same attempt sends nothing');
  assert.equal(world.mails.length, 1);
  assertError(await world.add(alice, sid), 403, 'M_THREEPID_AUTH_FAILED');

  const shown = await world.page(world.token);
  assert.deepEqual([shown.statusCode, shown.headers['cache-control']], [200, 'no-store']);
  assert.match(shown.body, /alice@example\.com/);
  assertError(await world.add(alice, sid), 403, 'M_THREEPID_AUTH_FAILED');
  const confirmed = await world.confirm();
  assert.match(confirmed.body, /href="https:\/\/app\.example\/\?a=1&amp;b=2"/);

  const bare = { token: alice.token, body: { sid, client_secret: 'secret' } };
  assert.equal((await world.call('POST', 'account/3pid/add', bare)).status, 401, 'the session alone is not enough');
  assertError(await world.add(alice, sid, 'other'), 403, 'M_THREEPID_AUTH_FAILED');
  assert.equal((await world.add(alice, sid)).status, 200);
  const { threepids } = (await world.call('GET', 'account/3pid', { token: alice.token })).body;
  const now = world.clock.now();
  assert.deepEqual(threepids, [{ medium: 'email', address: 'alice@example.com', validated_at: now, added_at: now }]);
  assertError(await world.add(alice, sid), 403, 'M_THREEPID_AUTH_FAILED');
  assert.equal((await world.page(world.token)).statusCode, 404);
});

onEachDatabase('N202 a further mail makes the link of the one before worthless, and time does so too', async db => {
  await using world = new MailWorld(db);
  const { sid } = (await world.ask(ADD)).body;
  const first = world.token;
  assert.deepEqual((await world.ask(ADD, { send_attempt: 2 })).body, { sid });
  assert.equal(world.mails.length, 2);
  assert.equal((await world.confirm(first)).statusCode, 404);
  assert.equal((await world.page(world.token)).statusCode, 200);
  world.clock.advance(3_600_000 + 1);
  assert.equal((await world.confirm()).statusCode, 404);
  for (const token of ['', 'x', `${first}x`]) assert.equal((await world.page(token)).statusCode, 404);
  await world.accounts.sweep();
  assert.notEqual((await world.ask(ADD)).body.sid, sid);
});

onEachDatabase('whose address it is, only its owner is told', async db => {
  await using world = new MailWorld(db);
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  await world.give(alice);
  const asked = await world.ask(ADD);
  assert.equal(asked.status, 200);
  assert.match(world.mails.at(-1)?.text ?? '', /has it already/);
  assert.equal(world.token, '');
  assert.deepEqual((await world.add(bob, asked.body.sid)).status, 403);
  assert.equal((await world.ask(RESET, { email: 'nobody@example.com' })).status, 200);
  assert.match(world.mails.at(-1)?.text ?? '', /no account there has it/);
  assert.equal(world.token, '');

  // Two prove the same address before either has added it.
  const both = [await world.ask(ADD, { email: 'x@example.com', client_secret: 'one' })];
  await world.confirm();
  both.push(await world.ask(ADD, { email: 'x@example.com', client_secret: 'two' }));
  await world.confirm();
  assert.equal((await world.add(alice, both[0]?.body.sid, 'one')).status, 200);
  assertError(await world.add(bob, both[1]?.body.sid, 'two'), 400, 'M_THREEPID_IN_USE');
  assert.deepEqual(await world.addressesOf(alice), ['alice@example.com', 'x@example.com']);
});

onEachDatabase('whoever has forgotten the password gets a new one by mail, once', async db => {
  await using world = new MailWorld(db);
  const alice = await world.user('alice');
  await world.give(alice);
  const { sid } = (await world.ask(RESET, { email: ADDRESS.toUpperCase() })).body;
  const early = await world.reset(sid);
  assert.equal(early.status, 401);
  assert.deepEqual(early.body.flows, [{ stages: ['m.login.email.identity'] }]);
  assert.equal(early.body.errcode, 'M_THREEPID_AUTH_FAILED');
  await world.confirm();
  assert.equal((await world.reset(sid, {}, 'other')).status, 401);
  assert.equal((await world.add(alice, sid)).status, 403, 'a proof is for one purpose');
  assertError(await world.reset(sid, { new_password: 'short' }), 400, 'M_WEAK_PASSWORD');
  assert.equal((await world.reset(sid)).status, 200);
  assertError(await world.call('GET', 'account/whoami', { token: alice.token }), 401, 'M_UNKNOWN_TOKEN');
  assertError(await world.login('alice'), 403, 'M_FORBIDDEN');
  assert.equal((await world.login('alice', { password: 'another password' })).status, 200);
  assert.equal((await world.reset(sid)).status, 401, 'it served');
  const none = await world.call('POST', 'account/password', { body: { new_password: 'another password' } });
  assert.deepEqual([none.status, none.body.flows], [401, [{ stages: ['m.login.email.identity'] }]]);
  const password = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'x' };
  const wrong = { body: { new_password: 'another password', auth: password } };
  assertError(await world.call('POST', 'account/password', wrong), 403, 'M_FORBIDDEN');
});

onEachDatabase('an address for one purpose proves nothing for the other', async db => {
  await using world = new MailWorld(db);
  const alice = await world.user('alice');
  const { sid } = (await world.ask(ADD)).body;
  await world.confirm();
  assert.equal((await world.reset(sid)).status, 401);
  assert.equal((await world.add(alice, sid)).status, 200);
  // The address went to nobody while the mail was on its way.
  const forgotten = (await world.ask(RESET)).body.sid;
  await world.confirm();
  const address = { medium: 'email', address: 'ALICE@example.com' };
  await world.call('POST', 'account/3pid/delete', { token: alice.token, body: address });
  assert.deepEqual(await world.addressesOf(alice), []);
  assertError(await world.reset(forgotten), 400, 'M_THREEPID_NOT_FOUND');
});

onEachDatabase('users log in with their addresses, as wrong as with names when they are wrong', async db => {
  await using world = new MailWorld(db);
  const alice = await world.user('alice');
  await world.give(alice);
  const byAddress = (address: string, more = {}) =>
    world.login('', { identifier: { type: 'm.id.thirdparty', medium: 'email', address }, ...more });
  assert.equal((await byAddress('ALICE@EXAMPLE.COM')).body.user_id, alice.id);
  const old = { type: 'm.login.password', medium: 'email', address: ADDRESS, password: PASSWORD };
  assert.equal((await world.call('POST', 'login', { body: old })).body.user_id, alice.id);
  const unknown = await byAddress('nobody@example.com');
  assertError(unknown, 403, 'M_FORBIDDEN');
  assert.deepEqual((await byAddress(ADDRESS, { password: 'wrong password' })).body, unknown.body);
  for (const identifier of [{ type: 'm.id.thirdparty' }, { type: 'm.id.thirdparty', address: ADDRESS }])
    assertError(await world.login('', { identifier }), 400, 'M_MISSING_PARAM');
  assertError(await world.login('', { identifier: { type: 'm.id.phone' } }), 403, 'M_FORBIDDEN');
  await world.accounts.changes.deactivate((await world.accounts.users.require(alice.id)).userNid, false);
  assertError(await byAddress(ADDRESS), 403, 'M_FORBIDDEN');
  await world.give(await world.user('bob'));
});

onEachDatabase(
  'whoever confirms with an address has to have it, and learns of no other whether it is known',
  async db => {
    await using world = new MailWorld(db);
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    await world.give(alice);
    await world.give(bob, 'bob@example.com');
    const remove = (address: string, password = PASSWORD) => {
      const identifier = { type: 'm.id.thirdparty', medium: 'email', address };
      const auth = { type: 'm.login.password', identifier, password };
      return world.call('DELETE', 'devices/NONE', { token: alice.token, body: { auth } });
    };
    const unknown = await remove('nobody@example.com');
    assertError(unknown, 403, 'M_FORBIDDEN');
    assert.deepEqual((await remove('bob@example.com')).body, unknown.body);
    assertError(await remove(ADDRESS, 'wrong password'), 401, 'M_FORBIDDEN');
    assert.equal((await remove(ADDRESS)).status, 200);
  },
);

onEachDatabase('N201 what is no address, no secret or no link of the web is refused', async db => {
  await using world = new MailWorld(db);
  const bad: Record<string, unknown>[] = [
    ...['', 'x', 'a@b', '@example.com', 'a b@example.com', 'a@example.com, b@example.com'].map(email => ({ email })),
    ...['a@example.com\r\nBcc: b@example.com', '<a@example.com>', '"a b"@example.com', 'a@-x.com'].map(email => ({
      email,
    })),
    ...[`${'a'.repeat(65)}@example.com`, `a@${'b.'.repeat(130)}com`, 'a@exa\u202emple.com'].map(email => ({ email })),
    ...['', 'a b', 'ü', 'x'.repeat(256)].map(client_secret => ({ client_secret })),
    ...['javascript:alert(1)', 'data:text/html,x', 'no url', `https://a/${'x'.repeat(3000)}`].map(next_link => ({
      next_link,
    })),
  ];
  for (const more of bad) assertError(await world.ask(ADD, more), 400, 'M_INVALID_PARAM');
  for (const more of [{ send_attempt: 'x' }, { send_attempt: -1 }, { email: 5 }])
    assertError(await world.ask(ADD, more), 400, 'M_BAD_JSON');
  assert.deepEqual(world.mails, []);
});

onEachDatabase('nobody is sent mails without end', async db => {
  await using world = new MailWorld(db, { rateLimits: ratesWith({ mail: { per_second: 0.001, burst: 3 } }) });
  let sent = 0;
  for (let at = 0; at < 10; at++) {
    const body = { client_secret: `s${at}`, email: ADDRESS, send_attempt: 1 };
    const answer = await world.call('POST', ADD, { body, ip: `192.0.2.${at}` });
    if (answer.status === 200) sent++;
    else assertError(answer, 429, 'M_LIMIT_EXCEEDED');
  }
  assert.deepEqual([sent, world.mails.length], [3, 3]);
});

onEachDatabase('N202 the link of a mail cannot be guessed, and nobody can try for long', async db => {
  const login = { per_second: 0.001, burst: 3 };
  await using world = new MailWorld(db, { rateLimits: ratesWith({ login }) });
  const tokens = new Set<string>();
  for (let at = 1; at <= 20; at++) {
    await world.ask(ADD, { send_attempt: at });
    // Base64: six bits in each character.
    assert.ok(world.token.length * 6 >= 128, world.token);
    tokens.add(world.token);
  }
  assert.equal(tokens.size, 20);
  const tried: number[] = [];
  for (let at = 0; at < 5; at++) tried.push((await world.confirm('x'.repeat(43))).statusCode);
  assert.deepEqual(tried, [404, 404, 404, 429, 429]);
});

onEachDatabase(
  'N203 the addresses of an account are gone when it is closed, also when it is opened again',
  async db => {
    await using world = new MailWorld(db);
    const alice = await world.user('alice');
    await world.give(alice);
    const auth = { type: 'm.login.password', password: PASSWORD, identifier: { type: 'm.id.user', user: 'alice' } };
    const closed = await world.call('POST', 'account/deactivate', { token: alice.token, body: { auth } });
    assert.equal(closed.status, 200);
    await world.ask(RESET);
    assert.match(world.mails.at(-1)?.text ?? '', /no account there has it/);
    await world.accounts.changes.reactivate(await world.accounts.users.require(alice.id));
    const { userNid } = await world.accounts.users.require(alice.id);
    assert.deepEqual(await world.accounts.threepids.of(userNid), []);
    await world.give(await world.user('bob'));
  },
);
