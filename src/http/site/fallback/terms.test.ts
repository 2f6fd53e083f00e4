import assert from 'node:assert/strict';
import { AccountsWorld, assertError, PASSWORD, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { acceptancesOf } from '../../../accounts/terms.table.ts';
import type { Policy } from '../../../accounts/terms.ts';
import type { UserId } from '../../../core/ids.ts';
import { fallbackRoutes } from './routes.ts';

const terms: Policy[] = [
  {
    name: 'privacy_policy',
    version: '1.2',
    texts: [
      { language: 'en', name: 'Privacy <Policy>', url: 'https://example.org/en?a="b"' },
      { language: 'fr', name: 'Politique', url: 'https://example.org/fr' },
    ],
  },
];
const stage = { type: 'm.login.terms' };
const PAGE = '/_matrix/client/v3/auth/m.login.terms/fallback/web';

onEachDatabase('whoever registers accepts the policies, and it is written down', async db => {
  await using world = new AccountsWorld(db, { terms });
  const asked = await world.call('POST', 'register', { body: {} });
  assert.equal(asked.status, 401);
  assert.deepEqual(asked.body.flows, [{ stages: ['m.login.terms'] }]);
  assert.deepEqual(asked.body.params, {
    'm.login.terms': {
      policies: {
        privacy_policy: {
          version: '1.2',
          en: { name: 'Privacy <Policy>', url: 'https://example.org/en?a="b"' },
          fr: { name: 'Politique', url: 'https://example.org/fr' },
        },
      },
    },
  });
  const body = { username: 'alice', password: PASSWORD };
  const dummy = { body: { ...body, auth: { type: 'm.login.dummy', session: asked.body.session } } };
  assertError(await world.call('POST', 'register', dummy), 403, 'M_FORBIDDEN');
  const made = await world.call('POST', 'register', {
    body: { ...body, auth: { ...stage, session: asked.body.session } },
  });
  assert.equal(made.status, 200);
  const { userNid } = await world.accounts.users.require(String(made.body.user_id) as UserId);
  const ts = world.clock.now();
  assert.deepEqual(
    (await acceptancesOf(db, userNid)).map(row => ({ ...row })),
    [{ policy: 'privacy_policy', version: '1.2', ts }],
  );
});

withAccounts(
  'N125 with tokens both stages are needed, in their order',
  async world => {
    const token = await world.accounts.registrationTokens.create('open-sesame');
    const body = { username: 'alice', password: PASSWORD };
    const asked = await world.call('POST', 'register', { body });
    assert.deepEqual(asked.body.flows, [{ stages: ['m.login.registration_token', 'm.login.terms'] }]);
    const { session } = asked.body;
    const pass = (auth: object) => world.call('POST', 'register', { body: { ...body, auth: { ...auth, session } } });
    const early = await pass(stage);
    assertError(early, 401, 'M_FORBIDDEN');
    assert.deepEqual([early.body.completed, early.body.session], [undefined, session]);
    const admitted = await pass({ type: 'm.login.registration_token', token });
    assert.deepEqual([admitted.status, admitted.body.completed], [401, ['m.login.registration_token']]);
    assert.equal((await pass(stage)).status, 200);
  },
  { terms, registration: 'token' },
);

withAccounts(
  'clients that do not know the stage show a page',
  async world => {
    world.server.add(fallbackRoutes(world.accounts));
    const body = { username: 'alice', password: PASSWORD };
    const { session } = (await world.call('POST', 'register', { body })).body;
    const page = await world.server.app.inject({ url: `${PAGE}?session=${session}` });
    assert.equal(page.statusCode, 200);
    assert.match(page.body, /href="https:\/\/example\.org\/en\?a=&quot;b&quot;"[^>]*>Privacy &lt;Policy&gt;</);
    assert.equal(page.body.includes('<script'), false);
    const waiting = await world.call('POST', 'register', { body: { ...body, auth: { session } } });
    assert.equal(waiting.status, 401);
    const sent = { 'content-type': 'application/x-www-form-urlencoded' };
    const accepted = await world.server.app.inject({
      method: 'POST',
      url: `${PAGE}?session=${session}`,
      headers: sent,
    });
    assert.equal(accepted.statusCode, 200);
    assert.match(accepted.body, /onAuthDone/);
    assert.match(String(accepted.headers['content-security-policy']), /script-src 'sha256-/);
    const made = await world.call('POST', 'register', { body: { ...body, auth: { session } } });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    for (const bad of ['', 'x', `${session}x`, String(session).replace(/^./, first => (first === 'A' ? 'B' : 'A'))]) {
      for (const method of ['GET', 'POST'] as const) {
        const refused = await world.server.app.inject({ method, url: `${PAGE}?session=${bad}`, headers: sent });
        assert.equal(refused.statusCode, 403, `${method} ${bad}`);
      }
    }
  },
  { terms },
);
