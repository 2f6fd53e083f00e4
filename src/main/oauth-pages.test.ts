import assert from 'node:assert/strict';
import { PASSWORD } from '../../test/support/accounts.ts';
import { answerIn, BASE, DEVICE, METADATA, OAuthWorld, REDIRECT, SCOPE, withOAuth } from '../../test/support/oauth.ts';
import type { Policy } from '../accounts/terms.ts';
import type { UserId } from '../core/ids.ts';

withOAuth('N142 a request without PKCE, or with a weaker kind of it, gets no code', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const faults: [Record<string, string | undefined>, string][] = [
    [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ response_mode: 'form_post' }, 'invalid_request'],
    [{ state: 'x'.repeat(2049) }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'unsupported_response_type'],
    [{ scope: 'urn:matrix:client:api:*' }, 'invalid_scope'],
    [{ scope: undefined }, 'invalid_scope'],
    [{ prompt: 'none' }, 'interaction_required'],
  ];
  for (const [fault, error] of faults) {
    const page = await world.browser().open(world.authorization(clientId, fault));
    assert.deepEqual([page.status, page.headers.location], [400, undefined], JSON.stringify(fault));
    const browser = world.browser();
    await browser.open(world.authorization(clientId, fault));
    const back = browser.link(/Back to app\.example/);
    const answer = answerIn(back);
    assert.ok(back.startsWith(REDIRECT), back);
    assert.deepEqual([answer.get('error'), answer.get('iss'), answer.get('code')], [error, `${BASE}/`, null]);
    assert.equal(answer.get('state'), fault.state ?? 'a state & more');
  }
});

withOAuth('N142 nobody is led to an address that the client has not registered', async world => {
  const clientId = await world.register();
  const native = await world.register({
    ...METADATA,
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/back', 'example.app:/back'],
  });
  const strange = [
    world.authorization(clientId, { redirect_uri: 'https://evil.example/' }),
    world.authorization(clientId, { redirect_uri: `${REDIRECT}&next=https://evil.example/` }),
    world.authorization(clientId, { redirect_uri: undefined }),
    world.authorization(clientId, { redirect_uri: 'javascript:alert(1)' }),
    world.authorization(clientId, { client_id: undefined }),
    world.authorization('nobody'),
    world.authorization(native, { redirect_uri: 'http://127.0.0.1:80@evil.example/back' }),
    `${world.authorization(clientId)}&redirect_uri=https://evil.example/`,
    `${world.authorization(clientId)}&client_id=${native}`,
    `${world.authorization(clientId)}&code_challenge_method=plain`,
  ];
  for (const url of strange) {
    const page = await world.browser().open(url);
    assert.deepEqual([page.status, page.headers.location], [400, undefined], url);
    assert.doesNotMatch(page.body, /<a |evil|javascript/);
  }
  const login = await world.browser().open('/_copse/login?continue=https://evil.example/');
  for (const next of ['//evil.example/', '/\\evil.example/', '/_copse/authorize\r\nx: y', '/_copse/authorizes', '']) {
    const page = await world.browser().open(`/_copse/login?continue=${encodeURIComponent(next)}`);
    assert.deepEqual([page.status, page.headers.location], [400, undefined], next);
  }
  assert.equal(login.status, 400);
});

withOAuth('the answer stands where the client asked for it, and says as much when the user refuses', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const browser = world.browser();
  const inQuery = await world.allow('anna', world.authorization(clientId, { response_mode: 'query' }), browser);
  assert.ok(inQuery.url.startsWith(`${REDIRECT}&code=cpc_`), inQuery.url);
  const usual = await world.allow('anna', world.authorization(clientId, { response_mode: undefined }), browser);
  assert.ok(usual.url.startsWith(`${REDIRECT}&code=cpc_`), usual.url);
  await browser.open(world.authorization(clientId));
  const denied = await browser.submit({ decision: 'deny' });
  assert.ok(denied.url.startsWith(`${REDIRECT}#error=access_denied&`), denied.url);
  assert.equal(answerIn(denied.url).get('state'), 'a state & more');
  const stateless = await world.allow('anna', world.authorization(clientId, { state: undefined }), browser);
  assert.equal(answerIn(stateless.url).has('state'), false);
});

withOAuth('a native client is reached on whatever port it listens, and by its own scheme', async world => {
  await world.accounts.user('anna');
  const uris = ['http://127.0.0.1/back', 'http://[::1]/back', 'example.app.chat:/back'];
  const clientId = await world.register({
    ...METADATA,
    client_uri: 'https://app.example/',
    application_type: 'native',
    redirect_uris: uris,
  });
  const used = ['http://127.0.0.1:41234/back', 'http://[::1]:41234/back', 'example.app.chat:/back'];
  const sources = ["'self' http://127.0.0.1:41234", "'self' http:", "'self' example.app.chat:"];
  for (const [index, redirect_uri] of used.entries()) {
    const browser = world.browser();
    await browser.open(world.authorization(clientId, { redirect_uri, response_mode: 'query' }));
    const question = await browser.submit({ name: 'anna', password: PASSWORD });
    const policy = String(question.headers['content-security-policy']);
    assert.equal(/form-action ([^;]*)/.exec(policy)?.[1], sources[index]);
    const { url } = await browser.submit({ decision: 'allow' });
    assert.ok(url.startsWith(`${redirect_uri}?code=`), url);
    const code = answerIn(url).get('code') ?? '';
    assert.equal((await world.exchange(clientId, code, { redirect_uri })).status, 200);
  }
});

withOAuth('N142 a decision counts only from the page that asked, in the browser of whoever decides', async world => {
  await world.accounts.user('anna');
  await world.accounts.user('mallory');
  const clientId = await world.register();
  const url = world.authorization(clientId);
  const signedIn = async (name: string) => {
    const browser = world.browser();
    await browser.open(url);
    await browser.submit({ name, password: PASSWORD });
    return browser;
  };
  const [anna, mallory] = [await signedIn('anna'), await signedIn('mallory')];
  const sealOf = (body: string) => /name="seal" value="([^"]+)"/.exec(body)?.[1] ?? assert.fail(body);
  const foreign = sealOf(mallory.shows?.body ?? '');
  const own = sealOf(anna.shows?.body ?? '');
  const attempts: [string, Record<string, string>][] = [
    [url, { decision: 'allow' }],
    [url, { decision: 'allow', seal: foreign }],
    [url, { decision: 'allow', seal: `${own}x` }],
    [world.authorization(clientId, { state: 'another' }), { decision: 'allow', seal: own }],
  ];
  for (const [where, fields] of attempts) {
    const refused = await anna.post(where, fields);
    assert.deepEqual([refused.status, refused.headers.location], [403, undefined], JSON.stringify(fields));
  }
  const stranger = await world.browser().post(url, { decision: 'allow', seal: own });
  assert.ok(stranger.url.startsWith('/_copse/login'), stranger.url);
  world.accounts.clock.advance(30 * 60_000);
  assert.equal((await anna.post(url, { decision: 'allow', seal: own })).status, 403, 'too old');
  world.accounts.clock.advance(30 * 60_000);
  const late = await anna.post(url, { decision: 'allow', seal: own });
  assert.ok(late.url.startsWith('/_copse/login'), 'the browser is signed out after an hour');
});

withOAuth('N142 nobody signs in by a form that was not shown to them', async world => {
  await world.accounts.user('mallory');
  const next = world.authorization(await world.register()).replace(BASE, '');
  const theirs = world.browser();
  await theirs.open(next);
  const seal = /name="seal" value="([^"]+)"/.exec(theirs.shows?.body ?? '')?.[1] ?? assert.fail();
  const fields = { name: 'mallory', password: PASSWORD, continue: next };
  const victim = world.browser();
  assert.equal((await victim.post('/_copse/login', { ...fields, seal })).status, 403);
  assert.equal((await victim.post('/_copse/login', fields)).status, 403);
  assert.equal(victim.cookies.size, 0);
  assert.equal(
    (await theirs.post('/_copse/login', { ...fields, continue: 'https://evil.example/', seal })).status,
    400,
  );
  assert.equal((await theirs.post('/_copse/login', { ...fields, seal })).status, 200);
});

withOAuth('pages are framed by nobody, load nothing, and are kept by nobody', async world => {
  await world.accounts.user('anna');
  const browser = world.browser();
  const login = await browser.open(
    world.authorization(await world.register({ ...METADATA, client_name: '<b>A&B</b>' })),
  );
  const question = await browser.submit({ name: 'anna', password: PASSWORD });
  for (const { headers, body } of [login, question]) {
    assert.match(
      String(headers['content-security-policy']),
      /^default-src 'none'; .*frame-ancestors 'none'; base-uri 'none'/,
    );
    assert.deepEqual([headers['x-frame-options'], headers['cache-control']], ['DENY', 'no-store']);
    assert.deepEqual([headers['referrer-policy'], headers['access-control-allow-origin']], ['no-referrer', undefined]);
    assert.doesNotMatch(body, /<script|<img|<link| on[a-z]+=/);
  }
  assert.match(question.body, /&lt;b&gt;A&amp;B&lt;\/b&gt; \(app\.example\)/);
  assert.match(question.body, /<strong>app\.example<\/strong>/);
  assert.match(
    String(login.headers['set-cookie']),
    /^__Host-copse_browser=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
  );
});

withOAuth('who may not log in does not come in here either', async world => {
  const anna = await world.accounts.user('anna');
  const clientId = await world.register();
  const browser = world.browser();
  await browser.open(world.authorization(clientId));
  const wrong = await browser.submit({ name: '<anna>', password: 'wrong horse' });
  assert.equal(wrong.status, 403);
  assert.match(wrong.body, /Wrong user name or password[\s\S]*value="&lt;anna&gt;"/);
  assert.equal((await browser.submit({ name: anna.id, password: PASSWORD })).status, 200);
  const { users, changes } = world.accounts.accounts;
  const { userNid } = await users.require(anna.id);
  await world.accounts.db.tx(tx => users.setFlag(tx, userNid, 'is_locked', true));
  const locked = await browser.submit({ decision: 'allow' });
  assert.ok(locked.url.startsWith('/_copse/login'), 'the session of the browser is worth nothing any more');
  assert.match((await browser.submit({ name: 'anna', password: PASSWORD })).body, /has been locked/);
  await world.accounts.db.tx(tx => users.setFlag(tx, userNid, 'is_locked', false));
  const code = await world.code('anna', clientId);
  await changes.deactivate(userNid, false);
  assert.equal((await world.exchange(clientId, code)).body.error, 'invalid_grant');
});

withOAuth('a client that wants a device which is there already says so to the user', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  await world.tokens('anna', clientId);
  const browser = world.browser();
  await browser.open(world.authorization(clientId));
  const again = await browser.submit({ name: 'anna', password: PASSWORD });
  assert.match(again.body, new RegExp(`takes the place of your device App \\(<code>${DEVICE}</code>\\)`));
  const other = await browser.open(world.authorization(clientId, { scope: `${SCOPE}2` }));
  assert.doesNotMatch(other.body, /takes the place/);
});

withOAuth('somebody without an account makes one on the way', async world => {
  const clientId = await world.register();
  const browser = world.browser();
  const form = await browser.open(world.authorization(clientId, { prompt: 'create' }));
  assert.ok(form.url.startsWith('/_copse/sign-up'), form.url);
  assert.equal((await browser.submit({ name: 'Bo b', password: PASSWORD })).status, 400);
  assert.match((await browser.submit({ name: 'bob', password: 'short' })).body, /class="wrong"/);
  const question = await browser.submit({ name: 'bob', password: PASSWORD });
  assert.match(question.body, /<code>@bob:copse\.test<\/code>/);
  const { url } = await browser.submit({ decision: 'allow' });
  const tokens = await world.exchange(clientId, answerIn(url).get('code') ?? '');
  assert.equal((await world.whoami(tokens.body.access_token)).body.user_id, '@bob:copse.test');
  const taken = world.browser();
  await taken.open(world.authorization(clientId, { prompt: 'create' }));
  assert.match((await taken.submit({ name: 'bob', password: PASSWORD })).body, /taken/);
});

const TERMS: Policy[] = [
  { name: 'privacy', version: '3', texts: [{ language: 'en', name: 'Privacy', url: 'https://copse.test/privacy' }] },
];

withOAuth(
  'whoever makes an account shows a token and accepts the documents, as in a client',
  async world => {
    const { registrationTokens, users } = world.accounts.accounts;
    await registrationTokens.create('guests', { usesAllowed: 1 });
    const browser = world.browser();
    await browser.open(world.authorization(await world.register(), { prompt: 'create' }));
    const bob = { name: 'bob', password: PASSWORD };
    assert.match((await browser.submit({ ...bob, token: 'wrong', accepted: 'on' })).body, /token is not valid/);
    assert.match((await browser.submit({ ...bob, token: 'guests' })).body, /accept the documents/);
    assert.equal(await users.find('@bob:copse.test' as UserId), undefined);
    const question = await browser.submit({ ...bob, token: 'guests', accepted: 'on' });
    assert.match(question.body, /<code>@bob:copse\.test<\/code>/);
    const second = world.browser();
    await second.open(world.authorization(await world.register(), { prompt: 'create' }));
    const more = await second.submit({ name: 'carol', password: PASSWORD, token: 'guests', accepted: 'on' });
    assert.match(more.body, /token is not valid/);
  },
  { settings: { registration: 'token', terms: TERMS } },
);

withOAuth(
  'whoever has to wait for an administrator is told so, and comes in afterwards',
  async world => {
    const browser = world.browser();
    const url = world.authorization(await world.register(), { prompt: 'create' });
    await browser.open(url);
    const waits = await browser.submit({ name: 'bob', password: PASSWORD, reason: 'I am new here.' });
    assert.match(waits.body, /administrator/);
    const { users } = world.accounts.accounts;
    const { userNid } = await users.require('@bob:copse.test' as UserId);
    const early = world.browser();
    await early.open(url.replace('&prompt=create', ''));
    assert.match((await early.submit({ name: 'bob', password: PASSWORD })).body, /has to approve/);
    await world.accounts.db.tx(tx => users.setFlag(tx, userNid, 'is_approved', true));
    assert.match((await early.submit({ name: 'bob', password: PASSWORD })).body, /Let this client in/);
  },
  { settings: { registration: 'approval' } },
);

withOAuth(
  'where nobody can make an account the sign-in comes instead',
  async world => {
    const browser = world.browser();
    const page = await browser.open(world.authorization(await world.register(), { prompt: 'create' }));
    assert.ok(page.url.startsWith('/_copse/login'), page.url);
    assert.doesNotMatch(page.body, /sign-up/);
    const next = page.url.slice(page.url.indexOf('?'));
    assert.equal((await browser.open(`/_copse/sign-up${next}`)).status, 403);
    const { body } = await world.accounts.call('GET', '/_matrix/client/v1/auth_metadata');
    assert.equal(body.prompt_values_supported, undefined);
  },
  { settings: { registration: 'closed' } },
);

withOAuth('every step may be answered by another process', async world => {
  await using other = new OAuthWorld(world.accounts.db, { bus: world.accounts.bus });
  await world.accounts.user('anna');
  const clientId = await world.register();
  const login = world.browser();
  await login.open(world.authorization(clientId));
  const elsewhere = other.browser();
  for (const [name, value] of login.cookies) elsewhere.cookies.set(name, value);
  elsewhere.shows = login.shows;
  await elsewhere.submit({ name: 'anna', password: PASSWORD });
  for (const [name, value] of elsewhere.cookies) login.cookies.set(name, value);
  login.shows = elsewhere.shows;
  const { url } = await login.submit({ decision: 'allow' });
  const tokens = await other.exchange(clientId, answerIn(url).get('code') ?? '');
  assert.equal(tokens.status, 200);
  assert.equal((await world.whoami(tokens.body.access_token)).status, 200);
  assert.equal((await world.exchange(clientId, answerIn(url).get('code') ?? '')).body.error, 'invalid_grant');
  assert.equal((await other.whoami(tokens.body.access_token)).body.errcode, 'M_UNKNOWN_TOKEN');
});
