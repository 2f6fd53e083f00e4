import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBudget } from '../../../test/support/budget.ts';
import { FakeInternet, SteppingClock } from '../../../test/support/fake-internet.ts';
import { systemRandom } from '../../base/random.ts';
import type { ServerName } from '../../core/ids.ts';
import { Discovery, DiscoveryError, type Route } from './discovery.ts';
import { orderSrv } from './srv-order.ts';

const WELL_KNOWN = 'https://example.org/.well-known/matrix/server';
const srv = (name: string, port: number, priority = 10, weight = 5) => ({ name, port, priority, weight });

function world(fill: (net: FakeInternet) => void = () => undefined) {
  const net = new FakeInternet();
  fill(net);
  const clock = new SteppingClock();
  const discovery = new Discovery({
    ...net,
    resolver: net.resolver,
    get: net.get,
    clock,
    random: systemRandom,
    budget: testBudget(),
  });
  return { net, clock, resolve: (server: string) => discovery.resolve(server as ServerName), discovery };
}

/** `step address:port,... Host certificate` */
function told({ step, targets, host, certName }: Route): string {
  return `${step} ${targets.map(({ address, port }) => `${address}:${port}`).join(',')} ${host} ${certName}`;
}

/** Server name, what is in the world, how it is reached. Addresses and rows follow the steps of the specification. */
const STEPS: readonly [title: string, server: string, fill: (net: FakeInternet) => void, expected: string][] = [
  ['1: an IPv4 literal', '192.0.2.1', () => {}, '1 192.0.2.1:8448 192.0.2.1 192.0.2.1'],
  ['1: an IPv4 literal with a port', '192.0.2.1:80', () => {}, '1 192.0.2.1:80 192.0.2.1:80 192.0.2.1'],
  ['1: an IPv6 literal', '[2001:db8::1]', () => {}, '1 2001:db8::1:8448 [2001:db8::1] 2001:db8::1'],
  ['1: an IPv6 literal with a port', '[::1]:5', () => {}, '1 ::1:5 [::1]:5 ::1'],
  [
    '2: an explicit port means neither delegation nor SRV',
    'example.org:99',
    net => {
      net.addresses['example.org'] = ['2001:db8::9', '192.0.2.9'];
      net.delegate('example.org', 'elsewhere.example:1');
      net.records['_matrix-fed._tcp.example.org'] = [srv('srv.example', 7)];
    },
    '2 2001:db8::9:99,192.0.2.9:99 example.org:99 example.org',
  ],
  [
    '3.1: delegated to an address',
    'example.org',
    net => net.delegate('example.org', '192.0.2.3'),
    '3.1 192.0.2.3:8448 192.0.2.3 192.0.2.3',
  ],
  [
    '3.1: delegated to an address with a port',
    'example.org',
    net => net.delegate('example.org', '[2001:db8::3]:443'),
    '3.1 2001:db8::3:443 [2001:db8::3]:443 2001:db8::3',
  ],
  [
    '3.2: delegated to a host with a port',
    'example.org',
    net => {
      net.delegate('example.org', 'matrix.example.org:443');
      net.addresses['matrix.example.org'] = ['192.0.2.4'];
      net.records['_matrix-fed._tcp.matrix.example.org'] = [srv('srv.example', 7)];
    },
    '3.2 192.0.2.4:443 matrix.example.org:443 matrix.example.org',
  ],
  [
    '3.3: delegated to a host that has an SRV record',
    'example.org',
    net => {
      net.delegate('example.org', 'matrix.example.org');
      net.records['_matrix-fed._tcp.matrix.example.org'] = [srv('srv.example', 7)];
      net.records['_matrix._tcp.matrix.example.org'] = [srv('old.example', 8)];
      net.addresses['srv.example'] = ['192.0.2.5'];
    },
    '3.3 192.0.2.5:7 matrix.example.org matrix.example.org',
  ],
  [
    '3.4: delegated to a host that has a deprecated SRV record',
    'example.org',
    net => {
      net.delegate('example.org', 'matrix.example.org');
      net.records['_matrix._tcp.matrix.example.org'] = [srv('old.example', 8)];
      net.addresses['old.example'] = ['192.0.2.6'];
    },
    '3.4 192.0.2.6:8 matrix.example.org matrix.example.org',
  ],
  [
    '3.5: delegated to a host without more',
    'example.org',
    net => {
      net.delegate('example.org', 'matrix.example.org');
      net.addresses['matrix.example.org'] = ['192.0.2.7'];
    },
    '3.5 192.0.2.7:8448 matrix.example.org matrix.example.org',
  ],
  [
    '4: no delegation but an SRV record; its certificate is the host’s',
    'example.org',
    net => {
      net.records['_matrix-fed._tcp.example.org'] = [srv('b.example', 2, 20), srv('a.example', 1, 10)];
      net.addresses['a.example'] = ['192.0.2.8'];
      net.addresses['b.example'] = ['192.0.2.9'];
    },
    '4 192.0.2.8:1,192.0.2.9:2 example.org example.org',
  ],
  [
    '4: an SRV target that does not exist is passed over',
    'example.org',
    net => {
      net.records['_matrix-fed._tcp.example.org'] = [srv('gone.example', 1, 1), srv('a.example', 2, 2)];
      net.addresses['a.example'] = ['192.0.2.8'];
    },
    '4 192.0.2.8:2 example.org example.org',
  ],
  [
    '5: the deprecated SRV record',
    'example.org',
    net => {
      net.records['_matrix._tcp.example.org'] = [srv('old.example', 3)];
      net.addresses['old.example'] = ['192.0.2.8'];
    },
    '5 192.0.2.8:3 example.org example.org',
  ],
  [
    '6: nothing but the host',
    'example.org',
    net => {
      net.addresses['example.org'] = ['192.0.2.10'];
    },
    '6 192.0.2.10:8448 example.org example.org',
  ],
  [
    '6: SRV that does not answer counts as none',
    'example.org',
    net => {
      net.records['_matrix-fed._tcp.example.org'] = 'silent';
      net.addresses['example.org'] = ['192.0.2.10'];
    },
    '6 192.0.2.10:8448 example.org example.org',
  ],
];

for (const [title, server, fill, expected] of STEPS) {
  test(`step ${title}`, async () => {
    assert.equal(told(await world(fill).resolve(server)), expected);
  });
}

const NO_DELEGATION: readonly [title: string, fill: (net: FakeInternet) => void][] = [
  ['text/html with 200', net => net.page(WELL_KNOWN, { body: '<html>hello</html>' })],
  ['no m.server', net => net.page(WELL_KNOWN, { body: '{"m.homeserver":{}}' })],
  ['m.server that is no text', net => net.page(WELL_KNOWN, { body: '{"m.server":["a.example"]}' })],
  ['a bad name', net => net.delegate('example.org', 'https://matrix.example.org')],
  ['a name that cannot be looked up', net => net.delegate('example.org', '-a-.example')],
  ['a status of 500', net => net.page(WELL_KNOWN, { status: 500, body: '{"m.server":"b.example:1"}' })],
  ['no connection', net => net.page(WELL_KNOWN, new Error('ECONNREFUSED'))],
  ['a redirect to http', net => redirect(net, 'http://example.org/x')],
  ['a redirect to a file', net => redirect(net, 'file:///etc/passwd')],
  ['a redirect with a user name', net => redirect(net, 'https://me@example.org/x')],
  ['a redirect to itself', net => redirect(net, WELL_KNOWN)],
];

function redirect(net: FakeInternet, location: string): void {
  net.pages[WELL_KNOWN] = { status: 302, headers: { location }, body: '{"m.server":"b.example:1"}' };
}

for (const [title, fill] of NO_DELEGATION) {
  test(`N120 .well-known: ${title} is no delegation, and is not asked for again within the hour`, async () => {
    const { net, clock, resolve, discovery } = world(fill);
    net.addresses['example.org'] = ['192.0.2.10'];
    const route = await resolve('example.org');
    assert.equal(told(route), '6 192.0.2.10:8448 example.org example.org');
    const [fact] = route.facts;
    assert.ok(fact?.what === 'well-known' && fact.error !== undefined, 'the reason is a fact');
    const asked = net.asked.filter(line => line.startsWith('GET')).length;
    assert.ok(asked <= 6, 'at most five redirects');
    discovery.forget('example.org' as ServerName);
    clock.advance(3 * 60_000);
    await resolve('example.org');
    assert.equal(net.asked.filter(line => line.startsWith('GET')).length, asked);
    clock.advance(60 * 60_000);
    await resolve('example.org');
    assert.ok(net.asked.filter(line => line.startsWith('GET')).length > asked);
  });
}

test('a redirect over https is followed, also a relative one', async () => {
  const { net, resolve } = world();
  redirect(net, '/elsewhere');
  net.pages['https://example.org/elsewhere'] = { status: 308, headers: { location: 'https://cdn.example/w' } };
  net.pages['https://cdn.example/w'] = { body: '{"m.server":"b.example:443"}' };
  net.addresses['b.example'] = ['192.0.2.11'];
  const route = await resolve('example.org');
  assert.equal(told(route), '3.2 192.0.2.11:443 b.example:443 b.example');
  const [fact] = route.facts;
  assert.ok(fact?.what === 'well-known' && fact.urls.length === 3);
});

const DATE = 'Mon, 23 Nov 2026 04:00:00 GMT';
const LIFETIMES: readonly [headers: Record<string, string>, minutes: number][] = [
  [{}, 24 * 60],
  [{ 'cache-control': 'public, max-age=7200' }, 120],
  [{ 'cache-control': 'max-age=10' }, 1],
  [{ 'cache-control': 'no-store' }, 1],
  [{ 'cache-control': 'max-age=99999999' }, 48 * 60],
  [{ 'cache-control': 'max-age=600', expires: DATE }, 10],
  [{ date: DATE, expires: 'Mon, 23 Nov 2026 06:00:00 GMT' }, 120],
  [{ expires: '0' }, 1],
];

for (const [headers, minutes] of LIFETIMES) {
  test(`a delegation with ${JSON.stringify(headers)} holds for ${minutes} minutes`, async () => {
    const { net, clock, resolve } = world(net => net.delegate('example.org', '192.0.2.3', headers));
    const [fact] = (await resolve('example.org')).facts;
    assert.ok(fact?.what === 'well-known');
    assert.equal((fact.validUntil - clock.now()) / 60_000, minutes);
    clock.advance(minutes * 60_000 - 1);
    await resolve('example.org');
    assert.equal(net.asked.filter(line => line.startsWith('GET')).length, 1);
    clock.advance(6 * 60_000);
    await resolve('example.org');
    assert.equal(net.asked.filter(line => line.startsWith('GET')).length, 2);
  });
}

test('a delegation outlives an outage of its web server, but not for ever', async () => {
  const { net, clock, resolve } = world(net =>
    net.delegate('example.org', '192.0.2.3', { 'cache-control': 'max-age=60' }),
  );
  net.addresses['example.org'] = ['192.0.2.10'];
  await resolve('example.org');
  net.pages[WELL_KNOWN] = new Error('ECONNREFUSED');
  clock.advance(10 * 60_000);
  assert.equal((await resolve('example.org')).step, '3.1');
  clock.advance(49 * 60 * 60_000);
  assert.equal((await resolve('example.org')).step, '6');
});

test('after a failure the delegation is asked for again, but not sooner than after ten minutes', async () => {
  const { net, clock, resolve, discovery } = world(net => net.delegate('example.org', '192.0.2.3'));
  await resolve('example.org');
  net.delegate('example.org', '192.0.2.4');
  discovery.forget('example.org' as ServerName);
  assert.equal((await resolve('example.org')).targets[0]?.address, '192.0.2.3');
  clock.advance(10 * 60_000);
  discovery.forget('example.org' as ServerName);
  assert.equal((await resolve('example.org')).targets[0]?.address, '192.0.2.4');
});

for (const name of [
  'a..b',
  'exa mple.org',
  'example.org/x',
  'me@example.org',
  'a?b',
  'a#b',
  '',
  `${'a'.repeat(250)}.example`,
]) {
  test(`N081 the server name '${name.slice(0, 20)}' is refused before any DNS or HTTP`, async () => {
    const { net, resolve } = world();
    await assert.rejects(resolve(name), (error: DiscoveryError) => error.stage === 'name');
    assert.deepEqual(net.asked, []);
  });
}

test('N081 names with bad labels or port 0 are refused before any DNS', async () => {
  for (const name of [
    `${'a'.repeat(64)}.example`,
    '-a.example',
    'example.org:0',
    'example.org:70000',
    '1.2.3',
    '[::1',
    '1.2.3.400',
  ]) {
    const { net, resolve } = world();
    await assert.rejects(resolve(name), (error: DiscoveryError) => error.stage === (name === '1.2.3' ? 'dns' : 'name'));
    if (name !== '1.2.3') assert.deepEqual(net.asked, [], name);
  }
});

test('a server without an address is a failure of DNS that tells what was asked', async () => {
  const { resolve } = world();
  await assert.rejects(resolve('example.org'), (error: DiscoveryError) => {
    assert.equal(error.stage, 'dns');
    assert.deepEqual(
      error.facts.map(({ what }) => what),
      ['well-known', 'srv', 'srv', 'addresses'],
    );
    // What the doctor keeps must survive being written down.
    assert.deepEqual(JSON.parse(JSON.stringify(error.facts)).length, 4);
    return true;
  });
});

test('an SRV record with the target "." means that there is no server', async () => {
  const { net, resolve } = world();
  net.records['_matrix-fed._tcp.example.org'] = [srv('.', 0)];
  net.addresses['example.org'] = ['192.0.2.10'];
  await assert.rejects(resolve('example.org'), DiscoveryError);
});

test('many that ask for one server at once ask the world once', async () => {
  const { net, resolve } = world(net => net.delegate('example.org', '192.0.2.3'));
  await Promise.all([resolve('example.org'), resolve('example.org'), resolve('example.org')]);
  assert.equal(net.asked.length, 1);
});

test('SRV records of one priority are drawn by weight', () => {
  const records = [srv('heavy', 1, 1, 90), srv('light', 1, 1, 10), srv('never', 1, 1, 0)];
  const firsts = Array.from({ length: 400 }, () => orderSrv(records, systemRandom)[0]?.name);
  const heavy = firsts.filter(name => name === 'heavy').length;
  assert.ok(heavy > 300 && heavy < 400, `${heavy} of 400`);
  assert.equal(orderSrv(records, systemRandom).length, 3);
});
