import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type AccountsWorld, PASSWORD, withAccounts } from '../../../../test/support/accounts.ts';
import { solve, zeroBits } from '../../../../test/support/proof-of-work.ts';
import { runPage } from '../../../../test/support/proof-of-work-page.ts';
import type { UserId } from '../../../core/ids.ts';
import { fallbackRoutes } from './routes.ts';

const pathOf = (stage: string) => `/_matrix/client/v3/auth/${stage}/fallback/web`;

/** A registration that has come as far as the page of a stage. */
async function onPage(world: AccountsWorld, stage: string) {
  const body = { username: 'alice', password: PASSWORD };
  const { session } = (await world.call('POST', 'register', { body })).body;
  const url = `${pathOf(stage)}?session=${session}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return {
    session: String(session),
    show: () => world.server.app.inject({ url }),
    send: (fields: Record<string, string>) =>
      world.server.app.inject({ method: 'POST', url, headers, payload: new URLSearchParams(fields).toString() }),
    finish: () => world.call('POST', 'register', { body: { ...body, auth: { session } } }),
  };
}

const pagesOf = (world: AccountsWorld) =>
  fallbackRoutes(world.accounts).map(({ method, path }) => `${method} ${path.split('/')[5]}`);

withAccounts(
  'N141 a reason is asked for on a page that shows what was written and runs nothing of it',
  async world => {
    world.server.add(fallbackRoutes(world.accounts));
    const page = await onPage(world, 'io.copse.reason');
    assert.match((await page.show()).body, /<textarea name="reason"/);
    const empty = await page.send({ reason: '  ' });
    assert.deepEqual([empty.statusCode, /Write a few words/.test(empty.body)], [400, true]);
    const wrong = await page.send({ reason: `</textarea><script>alert(1)</script>${'x'.repeat(2000)}` });
    assert.deepEqual([wrong.statusCode, wrong.body.includes('<script')], [400, false]);
    assert.match(wrong.body, /&lt;\/textarea&gt;&lt;script&gt;/);
    assert.equal((await page.send({ reason: 'x'.repeat(9000) })).statusCode, 413);
    assert.equal((await page.finish()).status, 401);
    const sent = await page.send({ reason: 'I am Bob’s sister.' });
    assert.match(sent.body, /onAuthDone/);
    assert.equal((await page.finish()).body.errcode, 'ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL');
    const { userNid } = await world.accounts.users.require('@alice:copse.test' as UserId);
    assert.equal((await world.accounts.userList.one(userNid))?.reason, 'I am Bob’s sister.');
    assert.equal((await page.send({ reason: 'again' })).statusCode, 403);
  },
  { registration: 'approval' },
);

withAccounts(
  'a registration token can be given on a page',
  async world => {
    const token = await world.accounts.registrationTokens.create('let-me-in', { usesAllowed: 1 });
    world.server.add(fallbackRoutes(world.accounts));
    const page = await onPage(world, 'm.login.registration_token');
    const wrong = await page.send({ token: '"><b>' });
    assert.equal(wrong.statusCode, 400);
    assert.match(wrong.body, /not valid[\s\S]*value="&quot;&gt;&lt;b&gt;"/);
    assert.equal((await page.finish()).status, 401);
    assert.equal((await page.send({ token })).statusCode, 200);
    assert.equal((await page.send({ token })).statusCode, 200, 'sent twice, used once');
    assert.equal((await page.finish()).status, 200);
    const [row] = await world.accounts.registrationTokens.list();
    assert.deepEqual([row?.pending, row?.completed], [0, 1]);
  },
  { registration: 'token' },
);

withAccounts(
  'the page of the proof of work finds a nonce, goes on where more is asked for, and is done',
  async world => {
    world.server.add(fallbackRoutes(world.accounts));
    let page = await onPage(world, 'io.copse.proof_of_work');
    // One in sixteen first solutions would do for the harder question too.
    const isLucky = () => zeroBits(page.session, solve(page.session, 8)) >= 12;
    while (isLucky()) page = await onPage(world, 'io.copse.proof_of_work');
    const shown = await page.show();
    const policy = String(shown.headers['content-security-policy']);
    const script = scriptOf(shown.body);
    assert.ok(policy.includes(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`), policy);
    const first = await runShown(shown.body);
    // Meanwhile others register.
    for (let i = 0; i < 30; i++) world.accounts.proofOfWork.noteSignUp();
    const more = await page.send({ nonce: first });
    assert.match(more.body, new RegExp(`data-bits="12" data-from="${first}"`));
    assert.equal((await page.finish()).status, 401);
    const second = await runShown(more.body);
    assert.ok(Number(second) > Number(first));
    assert.match((await page.send({ nonce: second })).body, /onAuthDone/);
    assert.equal((await page.finish()).status, 200);
  },
  { proofOfWork: { when: 'always', bits: 8 } },
);

withAccounts(
  'there are pages only for what is asked',
  async world => {
    assert.deepEqual(pagesOf(world), []);
  },
  { registration: 'open' },
);

/** Runs the page; resolves to the nonce that it sends. */
function runShown(body: string): Promise<string> {
  const data = (name: string) => new RegExp(`data-${name}="([^"]*)"`).exec(body)?.[1] ?? assert.fail(name);
  return runPage(scriptOf(body), { challenge: data('challenge'), bits: data('bits'), from: data('from') });
}

function scriptOf(body: string): string {
  return /<script>([\s\S]*)<\/script>/.exec(body)?.[1] ?? assert.fail(body);
}
