import assert from 'node:assert/strict';
import { BASE, METADATA, type OAuthWorld, SCOPE, withOAuth } from '../../test/support/oauth.ts';
import { Rendezvous } from '../accounts/oauth/rendezvous.ts';
import { systemRandom } from '../base/random.ts';
import { versions } from '../http/client/server/versions.ts';

const PATH = '/_matrix/client/unstable/org.matrix.msc4108/rendezvous';
const TEXT = { 'content-type': 'text/plain' };

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly tag: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

type Ask = (
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  url: string,
  payload?: string,
  headers?: Record<string, string>,
) => Promise<Answer>;

function askerOf({ accounts: { server } }: OAuthWorld): Ask {
  return async (method, url, payload, headers = TEXT) => {
    const sent = payload === undefined && headers === TEXT ? {} : headers;
    const answer = await server.app.inject({
      method,
      url,
      headers: sent,
      ...(payload !== undefined && { payload }),
    });
    return {
      status: answer.statusCode,
      text: answer.body,
      tag: String(answer.headers.etag),
      headers: answer.headers,
    };
  };
}

/** The path of a new session with this message. */
async function begin(ask: Ask, message: string): Promise<{ readonly path: string; readonly tag: string }> {
  const begun = await ask('POST', PATH, message);
  assert.equal(begun.status, 201, begun.text);
  const { url } = JSON.parse(begun.text) as { url: string };
  assert.ok(url.startsWith(`${BASE}${PATH}/`), url);
  return { path: url.slice(BASE.length), tag: begun.tag };
}

withOAuth('two devices leave messages for each other in turn', async world => {
  const ask = askerOf(world);
  const { path, tag } = await begin(ask, 'hello');
  const first = await ask('GET', path);
  assert.deepEqual([first.status, first.text, first.tag], [200, 'hello', tag]);
  assert.equal(first.headers['content-type'], 'text/plain');
  assert.match(String(first.headers['cache-control']), /no-store/);
  assert.ok(Date.parse(String(first.headers.expires)) > Date.parse(String(first.headers['last-modified'])));
  assert.equal(first.headers['access-control-allow-origin'], '*');
  assert.match(String(first.headers['access-control-expose-headers']), /\bETag\b/);
  const asked = await ask('GET', path, undefined, { 'if-none-match': tag });
  assert.deepEqual([asked.status, asked.text, asked.tag], [304, '', tag]);
  const answered = await ask('PUT', path, 'hello to you', { ...TEXT, 'if-match': tag });
  assert.deepEqual([answered.status, answered.text], [202, '']);
  assert.notEqual(answered.tag, tag);
  const second = await ask('GET', path, undefined, { 'if-none-match': tag });
  assert.deepEqual([second.status, second.text, second.tag], [200, 'hello to you', answered.tag]);
  assert.equal((await ask('DELETE', path)).status, 204);
  for (const method of ['GET', 'DELETE'] as const) assert.equal((await ask(method, path)).status, 404);
});

withOAuth('whoever has not read the last message does not replace it', async world => {
  const ask = askerOf(world);
  const { path, tag } = await begin(ask, 'one');
  const quicker = await ask('PUT', path, 'two', { ...TEXT, 'if-match': tag });
  const late = await ask('PUT', path, 'three', { ...TEXT, 'if-match': tag });
  assert.deepEqual([late.status, late.tag], [412, quicker.tag]);
  const { errcode, 'org.matrix.msc4108.errcode': unstable } = JSON.parse(late.text) as Record<string, string>;
  assert.deepEqual([errcode, unstable], ['M_UNKNOWN', 'M_CONCURRENT_WRITE']);
  assert.equal((await ask('GET', path)).text, 'two');
  const blind = await ask('PUT', path, 'four', TEXT);
  assert.deepEqual([blind.status, JSON.parse(blind.text).errcode], [400, 'M_MISSING_PARAM']);
});

withOAuth('a message is plain text of at most 4096 bytes', async world => {
  const ask = askerOf(world);
  const { path, tag } = await begin(ask, 'x'.repeat(4096));
  for (const [method, url] of [
    ['POST', PATH],
    ['PUT', path],
  ] as const) {
    const large = await ask(method, url, 'x'.repeat(4097), { ...TEXT, 'if-match': tag });
    assert.deepEqual([large.status, JSON.parse(large.text).errcode], [413, 'M_TOO_LARGE']);
    const json = await ask(method, url, '{}', { 'content-type': 'application/json', 'if-match': tag });
    assert.deepEqual([json.status, JSON.parse(json.text).errcode], [400, 'M_INVALID_PARAM']);
  }
  assert.equal((await ask('GET', path)).tag, tag);
});

withOAuth('a session is over after two minutes, also for those who write into it', async world => {
  const ask = askerOf(world);
  const { clock, db, accounts } = world.accounts;
  const { path, tag } = await begin(ask, 'hello');
  clock.advance(119_000);
  const { tag: newer } = await ask('PUT', path, 'still here', { ...TEXT, 'if-match': tag });
  clock.advance(1000);
  assert.equal((await ask('GET', path)).status, 404);
  assert.equal((await ask('PUT', path, 'too late', { ...TEXT, 'if-match': newer })).status, 404);
  await accounts.sweep();
  const parts = { db, clock, random: systemRandom, most: 1 };
  const small = new Rendezvous(parts);
  await small.begin(Buffer.from('one'));
  await assert.rejects(small.begin(Buffer.from('two')), { errcode: 'M_LIMIT_EXCEEDED' });
  clock.advance(120_000);
  await small.begin(Buffer.from('three'));
});

withOAuth('clients find it where there is what the new device logs in by', async world => {
  const request = {} as Parameters<ReturnType<typeof versions>['handle']>[0];
  const flags = async (oauth: unknown) => {
    const answer = (await versions({ oauth }).handle(request)) as { unstable_features: Record<string, boolean> };
    return answer.unstable_features['org.matrix.msc4108'];
  };
  assert.deepEqual([await flags(world.accounts.accounts.oauth), await flags(undefined)], [true, undefined]);
  const client_id = await world.register(METADATA);
  assert.equal((await world.post('device', { client_id, scope: SCOPE })).status, 200);
});
