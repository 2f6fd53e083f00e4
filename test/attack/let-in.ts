import assert from 'node:assert/strict';
import { REASON } from '../../src/accounts/applications.ts';
import { getString, type JsonObject } from '../../src/core/json.ts';
import type { RunningServer } from '../support/running-server.ts';
import { registerByScript } from '../support/script-registration.ts';
import { PASSWORD, type Tally } from './sign-ups.ts';

/** Of those whom nobody let in, so many try to log in. */
const TRY_TO_LOG_IN = 5;

/** What an administrator, and the one who is let in, do around an attack. */
export interface LettingIn {
  /** Before the attack; resolves to what its script says to the stage. */
  readonly before: (server: RunningServer) => Promise<JsonObject & { readonly type: string }>;
  /** @throws AssertionError when somebody is in who should not be, or is not who should */
  readonly after: (server: RunningServer, tally: Tally, prefix: string) => Promise<void>;
}

/** The attacker tries words. */
export const guessedTokens: LettingIn = {
  async before(server) {
    await makeToken(server, 'for-friends', 2);
    return { type: 'm.login.registration_token', token: 'for-fiends' };
  },
  async after(server) {
    const friend = await register(server, 'friend', { type: 'm.login.registration_token', token: 'for-friends' });
    assert.equal(friend.status, 200);
    assert.equal(await whoAmI(server, friend.body), '@friend:copse.test');
  },
};

/** The attacker has found a token that is good for ten. */
export const leakedToken: LettingIn = {
  async before(server) {
    await makeToken(server, 'for-ten', 10);
    assert.equal(await isValid(server, 'for-ten'), true);
    return { type: 'm.login.registration_token', token: 'for-ten' };
  },
  async after(server, tally) {
    assert.equal(tally.accounts, 10);
    assert.equal(await isValid(server, 'for-ten'), false);
  },
};

/** Somebody honest asks first. Then all others ask as well. */
export const approval: LettingIn = {
  async before(server) {
    const asked = await register(server, 'friend', { type: REASON, reason: 'I am your sister.' });
    assert.equal(asked.body.errcode, 'ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL');
    return { type: REASON, reason: 'I like it here.' };
  },
  async after(server, tally, prefix) {
    const admin = await administrator(server);
    const list = '/_synapse/admin/v2/users?approved=false&deactivated=false&limit=1000';
    const waiting = await ok(server, 'GET', list, admin);
    assert.equal(waiting.total, tally.accounts + 1);
    const names = (waiting.users as readonly JsonObject[]).map(user => String(user.name));
    const bots = names.filter(name => name.startsWith(`@${prefix}`));
    for (const bot of bots.slice(0, TRY_TO_LOG_IN)) assert.equal((await logIn(server, bot)).status, 403);
    await ok(server, 'PUT', '/_synapse/admin/v2/users/@friend:copse.test', admin, { approved: true });
    const friend = await logIn(server, '@friend:copse.test');
    assert.equal(await whoAmI(server, friend.body), '@friend:copse.test');
    for (const bot of bots) await ok(server, 'POST', `/_synapse/admin/v1/refuse/${bot}`, admin, {});
    assert.equal((await ok(server, 'GET', list, admin)).total, 0);
  },
};

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

async function administrator(server: RunningServer): Promise<string> {
  return (await registerByScript(server.url, 'root', true)).token;
}

async function makeToken(server: RunningServer, token: string, usesAllowed: number): Promise<void> {
  const body = { token, uses_allowed: usesAllowed };
  await ok(server, 'POST', '/_synapse/admin/v1/registration_tokens/new', await administrator(server), body);
}

async function isValid(server: RunningServer, token: string): Promise<unknown> {
  const path = `/_matrix/client/v1/register/m.login.registration_token/validity?token=${token}`;
  return (await ok(server, 'GET', path)).valid;
}

/** From an address that has not done anything yet. */
async function register(server: RunningServer, username: string, stage: JsonObject): Promise<Answer> {
  const path = '/_matrix/client/v3/register';
  const asked = await call(server, 'POST', path, undefined, {});
  const auth = { ...stage, session: String(asked.body.session) };
  return await call(server, 'POST', path, undefined, { username, password: PASSWORD, auth });
}

function logIn(server: RunningServer, user: string): Promise<Answer> {
  const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password: PASSWORD };
  return call(server, 'POST', '/_matrix/client/v3/login', undefined, body);
}

async function whoAmI(server: RunningServer, login: JsonObject): Promise<unknown> {
  const token = getString(login, 'access_token');
  return (await ok(server, 'GET', '/_matrix/client/v3/account/whoami', token)).user_id;
}

async function ok(server: RunningServer, ...args: Call): Promise<JsonObject> {
  const { status, body } = await call(server, ...args);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

type Call = [method: string, path: string, token?: string | undefined, body?: JsonObject];

async function call(server: RunningServer, ...[method, path, token, body]: Call): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as JsonObject };
}
