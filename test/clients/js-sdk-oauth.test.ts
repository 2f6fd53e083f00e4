import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MSC4108RendezvousSession } from 'matrix-js-sdk/lib/rendezvous/transports/MSC4108RendezvousSession.js';
import { FormBrowser } from '../support/form-browser.ts';
import { freePort } from '../support/free-port.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { eventually } from './eventually.ts';
import { ClientProcess } from './js-sdk/client-process.ts';
import { encryptedRoom } from './js-sdk/encrypted-room.ts';
import { REDIRECT } from './js-sdk/oauth-commands.ts';
import { PASSWORD, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');

const clients: ClientProcess[] = [];
let server: RunningServer;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;

function client(): ClientProcess {
  const made = new ClientProcess(server.url);
  clients.push(made);
  return made;
}

function browser(): FormBrowser {
  return new FormBrowser(server.url, async ({ method, url, headers, payload }) => {
    const body = payload === undefined ? {} : { body: payload };
    const answer = await fetch(server.url + url, { method, headers: { ...headers }, redirect: 'manual', ...body });
    const received = { ...Object.fromEntries(answer.headers), 'set-cookie': answer.headers.getSetCookie() };
    return { status: answer.status, headers: received, body: await answer.text() };
  });
}

/** The client sends its user to a browser, who signs in and comes back with a code. */
async function logIn(at: ClientProcess, localpart: string, prompt?: string) {
  await at.do('registerClient');
  const visitor = browser();
  await visitor.open(await at.do('authorizationUrl', `state of ${localpart}`, prompt));
  const question = await visitor.submit({ name: localpart, password: PASSWORD });
  assert.match(question.body, new RegExp(`Heron \\(app\\.example\\)[\\s\\S]*<code>${userId(localpart)}</code>`));
  const { url } = await visitor.submit({ decision: 'allow' });
  assert.ok(url.startsWith(`${REDIRECT}#`), url);
  const answer = new URLSearchParams(new URL(url).hash.slice(1));
  assert.deepEqual([answer.get('state'), answer.get('iss')], [`state of ${localpart}`, `${server.url}/`]);
  return at.do('completeCodeGrant', answer.get('code') ?? '');
}

before(async () => {
  const port = await freePort();
  server = await startServer({ port, config: { public_base_url: `http://127.0.0.1:${port}` } });
  [alice, bob] = [client(), client()];
});
after(async () => {
  for (const each of clients) await each[Symbol.asyncDispose]();
  await server?.stop();
});

test('a user makes an account on the way, and another one has one', async () => {
  assert.deepEqual(
    await logIn(alice, 'alice', 'create').then(({ isOurDevice, ...rest }) => [isOurDevice, rest.userId]),
    [true, ALICE],
  );
  await client().do('register', 'bob', PASSWORD);
  assert.equal((await logIn(bob, 'bob')).userId, BOB);
  assert.equal((await bob.do('devices')).length, 2);
});

test('what they write each other is encrypted, and read', async () => {
  await Promise.all([alice.do('start', { encryption: true }), bob.do('start', { encryption: true })]);
  roomId = await encryptedRoom(alice, bob, BOB);
  await alice.do('sendText', roomId, 'no password was typed here');
  await eventually(async () => {
    assert.deepEqual(await bob.do('bodiesOf', roomId, ALICE), ['no password was typed here']);
  });
});

test('a token that the server does not know any more is refreshed by the client itself', async () => {
  await alice.do('loseAccessToken');
  await alice.do('sendText', roomId, 'still here');
  assert.ok((await alice.do('refreshes')) >= 1);
  await eventually(async () => assert.equal((await bob.do('bodiesOf', roomId, ALICE)).at(-1), 'still here'));
});

test('a device without a browser is let in from another one', async () => {
  const lamp = client();
  await lamp.do('registerClient');
  const url = await lamp.do('startDeviceGrant');
  const visitor = browser();
  await visitor.open(url);
  await visitor.submit({ name: 'alice', password: PASSWORD });
  assert.match((await visitor.submit({ decision: 'allow' })).body, /is let in/);
  const { userId: name, isOurDevice } = await lamp.do('finishDeviceGrant');
  assert.deepEqual([name, isOurDevice], [ALICE, true]);
  assert.equal((await alice.do('devices')).length, 2);
});

test('an encryption identity is replaced when the user has allowed it on the page', async () => {
  await alice.do('makeFirstKeys');
  assert.equal(await alice.do('crossSigningReady'), true);
  const url = await alice.do('beginReset');
  assert.ok(url.startsWith(`${server.url}/_copse/account?action=org.matrix.cross_signing_reset`), url);
  await assert.rejects(alice.do('finishReset'), /401/);
  await alice.do('beginReset');
  const visitor = browser();
  await visitor.open(url);
  await visitor.submit({ name: 'alice', password: PASSWORD });
  assert.match((await visitor.submit()).body, /is allowed/);
  await alice.do('finishReset');
  assert.equal(await alice.do('crossSigningReady'), true);
});

test('a client logs out, and its tokens with it', async () => {
  const token = await bob.do('accessToken');
  await bob.do('logOut');
  const answer = await fetch(`${server.url}/_matrix/client/v3/account/whoami`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(answer.status, 401);
  await assert.rejects(bob.do('whoami'), /M_UNKNOWN_TOKEN/);
});

test('two devices leave messages for each other by way of what a QR code says', async () => {
  const versions = (await (await fetch(`${server.url}/_matrix/client/versions`)).json()) as {
    unstable_features: Record<string, boolean>;
  };
  assert.equal(versions.unstable_features['org.matrix.msc4108'], true);
  const fallbackRzServer = `${server.url}/_matrix/client/unstable/org.matrix.msc4108/rendezvous`;
  const shows = new MSC4108RendezvousSession({ fallbackRzServer });
  await shows.send('');
  const scans = new MSC4108RendezvousSession({ url: shows.url ?? assert.fail() });
  assert.equal(await scans.receive(), '');
  await scans.send('from the one that scans');
  assert.equal(await shows.receive(), 'from the one that scans');
  await shows.send('from the one that shows');
  assert.equal(await scans.receive(), 'from the one that shows');
  await shows.close();
  assert.equal((await fetch(shows.url ?? assert.fail())).status, 404);
});
