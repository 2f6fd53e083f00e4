import assert from 'node:assert/strict';
import { assertError, type Loose, PASSWORD, ratesWith } from '../../test/support/accounts.ts';
import {
  answerIn,
  assertOAuthError,
  BASE,
  DEVICE,
  METADATA,
  REDIRECT,
  SCOPE,
  VERIFIER,
  withOAuth,
} from '../../test/support/oauth.ts';

withOAuth('clients find out where everything is', async world => {
  const paths = [
    '/_matrix/client/v1/auth_metadata',
    '/_matrix/client/unstable/org.matrix.msc2965/auth_metadata',
    '/.well-known/oauth-authorization-server',
  ];
  for (const path of paths) {
    const answer = await world.accounts.server.app.inject({ url: path });
    const { statusCode, headers } = answer;
    const body = answer.json<Loose>();
    assert.equal(statusCode, 200, path);
    assert.equal(body.issuer, `${BASE}/`);
    assert.equal(body.token_endpoint, `${BASE}/_copse/oauth/token`);
    assert.deepEqual(body.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(body.response_modes_supported, ['query', 'fragment']);
    assert.deepEqual(body.prompt_values_supported, ['create']);
    assert.equal(headers['access-control-allow-origin'], '*');
  }
  const preflight = await world.accounts.server.app.inject({ method: 'OPTIONS', url: '/_copse/oauth/token' });
  assert.deepEqual([preflight.statusCode, preflight.headers['access-control-allow-origin']], [204, '*']);
});

withOAuth('a user lets a client in, which gets tokens like those of every other login', async world => {
  const anna = await world.accounts.user('anna');
  const clientId = await world.register();
  const answer = await world.allow('anna', world.authorization(clientId));
  assert.equal(answer.status, 303);
  assert.ok(answer.url.startsWith(`${REDIRECT}#`), answer.url);
  const given = answerIn(answer.url);
  assert.deepEqual([given.get('state'), given.get('iss')], ['a state & more', `${BASE}/`]);
  const tokens = await world.exchange(clientId, given.get('code') ?? '');
  assert.equal(tokens.status, 200);
  const { access_token, refresh_token, ...rest } = tokens.body;
  assert.deepEqual({ ...rest }, { token_type: 'Bearer', expires_in: 3600, scope: SCOPE });
  assert.deepEqual([tokens.headers['cache-control'], tokens.headers.pragma], ['no-store', 'no-cache']);
  const me = await world.whoami(access_token);
  assert.deepEqual([me.body.user_id, me.body.device_id], [anna.id, DEVICE]);
  const { devices } = (await world.accounts.call('GET', 'devices', { token: anna.token })).body;
  const device = (devices as unknown as { device_id: string; display_name: string }[]).find(
    each => each.device_id === DEVICE,
  );
  assert.equal(device?.display_name, 'App');
  assert.match(String(refresh_token), /^cpr_/);
});

withOAuth('N142 a code serves once: a second time ends what it was good for', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const code = await world.code('anna', clientId);
  const { access_token, refresh_token } = (await world.exchange(clientId, code)).body;
  assert.equal((await world.whoami(access_token)).status, 200);
  assertOAuthError(await world.exchange(clientId, code), 400, 'invalid_grant');
  assertError(await world.whoami(access_token), 401, 'M_UNKNOWN_TOKEN');
  const refreshed = { grant_type: 'refresh_token', client_id: clientId, refresh_token: String(refresh_token) };
  assertOAuthError(await world.post('token', refreshed), 400, 'invalid_grant');
});

withOAuth('N142 a code is for the client, the address and the verifier that it was asked for with', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const other = await world.register({ ...METADATA, client_name: 'Another' });
  const attempts: Record<string, string>[] = [
    { client_id: other },
    { redirect_uri: 'https://app.example/other' },
    { redirect_uri: `${REDIRECT}&more=1` },
    { code_verifier: `${VERIFIER.slice(0, -1)}1` },
    { code_verifier: VERIFIER.slice(0, 20) },
    { code_verifier: VERIFIER.padEnd(129, '0') },
  ];
  for (const attempt of attempts) {
    const code = await world.code('anna', clientId);
    assertOAuthError(await world.exchange(clientId, code, attempt), 400, 'invalid_grant');
    assertOAuthError(await world.exchange(clientId, code), 400, 'invalid_grant');
  }
  const late = await world.code('anna', clientId);
  world.accounts.clock.advance(2 * 60_000);
  assertOAuthError(await world.exchange(clientId, late), 400, 'invalid_grant');
  assertOAuthError(await world.exchange(clientId, 'cpc_nothing'), 400, 'invalid_grant');
  assertOAuthError(await world.exchange('nobody', late), 400, 'invalid_client');
});

withOAuth('N142 a token request that lacks something, or has it twice, is refused', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const whole: Record<string, string> = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code: await world.code('anna', clientId),
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
  };
  for (const name of Object.keys(whole)) {
    const { [name]: _, ...rest } = whole;
    assertOAuthError(await world.post('token', rest), 400, 'invalid_request');
  }
  assertOAuthError(await world.post('token', `${new URLSearchParams(whole)}&code=x`), 400, 'invalid_request');
  assertOAuthError(await world.post('token', { ...whole, grant_type: 'password' }), 400, 'unsupported_grant_type');
  assert.equal((await world.post('token', whole)).status, 200, 'none of them used the code up');
});

withOAuth('N142 a grant type that the client has not registered is refused', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register({ ...METADATA, grant_types: ['authorization_code'] });
  const { refresh_token } = await world.tokens('anna', clientId);
  const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: String(refresh_token) };
  assertOAuthError(await world.post('token', refresh), 400, 'unauthorized_client');
});

withOAuth('tokens are refreshed, and a token that comes again after that ends the session', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const other = await world.register({ ...METADATA, client_name: 'Another' });
  const first = await world.tokens('anna', clientId);
  const refresh = (token: unknown, client = clientId) =>
    world.post('token', { grant_type: 'refresh_token', client_id: client, refresh_token: String(token) });
  assertOAuthError(await refresh(first.refresh_token, other), 400, 'invalid_grant');
  const legacy = { body: { refresh_token: first.refresh_token } };
  assertError(await world.accounts.call('POST', 'refresh', legacy), 401, 'M_UNKNOWN_TOKEN');
  const lost = await refresh(first.refresh_token);
  const second = await refresh(first.refresh_token);
  assert.deepEqual([lost.status, second.status], [200, 200], 'an answer may get lost');
  assert.equal((await world.whoami(second.body.access_token)).body.device_id, DEVICE);
  assertError(await world.whoami(first.access_token), 401, 'M_UNKNOWN_TOKEN');
  assertOAuthError(await refresh(first.refresh_token), 400, 'invalid_grant');
  assertError(await world.whoami(second.body.access_token), 401, 'M_UNKNOWN_TOKEN');
  assertOAuthError(await refresh(second.body.refresh_token), 400, 'invalid_grant');
});

withOAuth('a token that has expired is refreshed, and the scope stays what it was', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const { access_token, refresh_token } = await world.tokens('anna', clientId);
  world.accounts.clock.advance(60 * 60_000);
  const expired = await world.whoami(access_token);
  assertError(expired, 401, 'M_UNKNOWN_TOKEN');
  assert.equal(expired.body.soft_logout, true);
  const common = { grant_type: 'refresh_token', client_id: clientId, refresh_token: String(refresh_token) };
  assertOAuthError(await world.post('token', { ...common, scope: 'urn:matrix:client:api:*' }), 400, 'invalid_scope');
  const refreshed = await world.post('token', common);
  assert.equal((await world.whoami(refreshed.body.access_token)).status, 200);
});

withOAuth('a client logs out by revoking either token, and its device is gone', async world => {
  const anna = await world.accounts.user('anna');
  const clientId = await world.register();
  for (const which of ['access_token', 'refresh_token']) {
    const tokens = await world.tokens('anna', clientId);
    assert.equal((await world.post('revoke', { token: String(tokens[which]), token_type_hint: which })).status, 200);
    assertError(await world.whoami(tokens.access_token), 401, 'M_UNKNOWN_TOKEN');
    assertError(await world.accounts.call('GET', `devices/${DEVICE}`, { token: anna.token }), 404, 'M_NOT_FOUND');
    assert.equal((await world.post('revoke', { token: String(tokens[which]) })).status, 200, 'once more');
  }
  assertOAuthError(await world.post('revoke', {}), 400, 'invalid_request');
  assert.equal((await world.post('revoke', { token: 'x'.repeat(500) })).status, 200);
  assert.equal((await world.whoami(anna.token)).status, 200);
});

withOAuth(
  'N142 of two who come with the same code at once one at the most has tokens, and not for long',
  async world => {
    await world.accounts.user('anna');
    const clientId = await world.register();
    const code = await world.code('anna', clientId);
    const answers = await Promise.all([world.exchange(clientId, code), world.exchange(clientId, code)]);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400]);
    const { access_token } = answers.find(({ status }) => status === 200)?.body ?? assert.fail();
    assertError(await world.whoami(access_token), 401, 'M_UNKNOWN_TOKEN');
  },
);

withOAuth('a request that is too long, or no form, is refused', async world => {
  const clientId = await world.register();
  assert.equal((await world.post('token', `code=${'x'.repeat(9000)}`)).status, 413);
  assertOAuthError(await world.post('token', JSON.stringify({ client_id: clientId })), 400, 'invalid_request');
  const long = { body: { ...METADATA, software_statement: 'x'.repeat(20_000) } };
  assert.equal((await world.accounts.call('POST', '/_copse/oauth/register', long)).status, 413);
  for (const raw of ['', '[]', '{', 'null'])
    assert.equal((await world.accounts.call('POST', '/_copse/oauth/register', { raw })).status, 400, raw);
});

withOAuth(
  'an address registers clients and devices, and tries passwords and codes, only so often',
  async world => {
    const register = (ip: string) => world.accounts.call('POST', '/_copse/oauth/register', { body: METADATA, ip });
    assert.equal((await register('192.0.2.1')).status, 201);
    assert.equal((await register('192.0.2.1')).status, 201);
    const paths = [
      '/_copse/oauth/register',
      '/_copse/oauth/device',
      '/_copse/login',
      '/_copse/sign-up',
      '/_copse/link',
    ];
    for (const path of paths)
      assertError(await world.accounts.call('POST', path, { ip: '192.0.2.1', raw: '' }), 429, 'M_LIMIT_EXCEEDED');
    const guess = await world.accounts.call('GET', '/_copse/link?user_code=BBBBBBBB', { ip: '192.0.2.1' });
    assertError(guess, 429, 'M_LIMIT_EXCEEDED');
    assert.equal((await register('192.0.2.2')).status, 201, 'another address');
  },
  { settings: { rateLimits: ratesWith({ login: { per_second: 0.001, burst: 2 } }) } },
);

withOAuth('what ends sessions ends these too', async world => {
  const anna = await world.accounts.user('anna');
  const clientId = await world.register();
  const { token } = await world.accounts.admin('root');
  const { users, changes } = world.accounts.accounts;
  const { userNid } = await users.require(anna.id);
  const lock = (locked: boolean) =>
    world.accounts.call('PUT', `/_matrix/client/v1/admin/lock/${anna.id}`, { token, body: { locked } });
  const first = await world.tokens('anna', clientId);
  assert.equal((await world.accounts.call('POST', 'logout', { token: String(first.access_token) })).status, 200);
  assertError(await world.whoami(first.access_token), 401, 'M_UNKNOWN_TOKEN');
  const second = await world.tokens('anna', clientId);
  await lock(true);
  assertError(await world.whoami(second.access_token), 401, 'M_USER_LOCKED');
  await lock(false);
  const waiting = await world.code('anna', clientId);
  await changes.setPassword(userNid, `${PASSWORD} 2`, { endSessions: true });
  assertError(await world.whoami(second.access_token), 401, 'M_UNKNOWN_TOKEN');
  assertOAuthError(await world.exchange(clientId, waiting), 400, 'invalid_grant');
});

withOAuth('what needs a password once more is not for clients that never see one', async world => {
  const { token: own } = await world.accounts.user('anna');
  const { access_token } = await world.tokens('anna', await world.register());
  const token = String(access_token);
  for (const [whose, isEnabled] of [
    [token, false],
    [own, true],
  ] as const) {
    const { body } = await world.accounts.call('GET', 'capabilities', { token: whose });
    for (const name of ['m.change_password', 'm.3pid_changes', 'm.get_login_token'])
      assert.equal(body.capabilities?.[name]?.enabled, isEnabled, name);
  }
  assertError(await world.accounts.call('POST', 'account/deactivate', { token, body: {} }), 403, 'M_FORBIDDEN');
  assertError(await world.accounts.call('DELETE', `devices/${DEVICE}`, { token, body: {} }), 403, 'M_FORBIDDEN');
  assertError(
    await world.accounts.call('POST', '/_matrix/client/v1/login/get_token', { token, body: {} }),
    403,
    'M_FORBIDDEN',
  );
});
