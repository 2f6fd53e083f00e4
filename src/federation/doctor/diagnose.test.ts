import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answerFacts,
  factsOf,
  frontFacts,
  NOW,
  peerFacts,
  placeFacts,
  roomFacts,
} from '../../../test/support/doctor-facts.ts';
import { CHECKS } from './checks/all.ts';
import { diagnose } from './diagnose.ts';
import { FactsError, readFacts } from './read-facts.ts';
import { exitCode, explainText, reportText } from './report.ts';

const causes = (peer: Parameters<typeof peerFacts>[0]) =>
  diagnose(factsOf([peerFacts(peer)])).peers[0]?.findings.map(({ cause, because }) => [cause, because]);

test('what was not seen to work is not called healthy', () => {
  const health = (more: Parameters<typeof peerFacts>[0]) => diagnose(factsOf([peerFacts(more)])).peers[0];
  assert.equal(health({})?.health, 'healthy');
  assert.deepEqual(health({ route: null })?.unproven, ['it was not looked for']);
  assert.equal(health({ route: null })?.health, 'not provable');
  assert.equal(health({ rooms: [roomFacts({ probe: null })] })?.health, 'not provable');
  assert.equal(health({ roomsShared: 3 })?.health, 'not provable');
  const { receiving } = peerFacts();
  assert.ok(receiving !== null);
  assert.equal(
    health({ receiving: { ...receiving, heardAt: NOW - 1e9, transactionAt: null } })?.health,
    'not provable',
  );
  // Nobody can see from inside whether the outside gets in.
  const { us } = diagnose(factsOf([peerFacts()]));
  assert.equal(us.health, 'not provable');
  assert.match(us.unproven.join(), /inbound from outside: not proven/);
  const seen = factsOf([peerFacts()]);
  const outside = (front: typeof seen.us.front, error: string | null = null) =>
    diagnose({ ...seen, us: { ...seen.us, outside: { vantage: 'far.example', front, error } } }).us;
  const sent = { address: '192.0.2.1', port: 443, sent: '/a', status: 200, errcode: null, error: null };
  const echo = { ...sent, instance: seen.us.instance, target: '/a', host: 'us.example:443' };
  assert.deepEqual(outside(frontFacts({ echoes: [echo] })).unproven, []);
  assert.match(outside(frontFacts()).unproven.join(), /inbound from outside: not proven/);
  assert.match(outside(null, 'no answer').unproven.join(), /not proven \(far\.example could not look: no answer\)/);
  const closed = frontFacts({ echoes: [] });
  const { findings } = outside({ ...closed, route: { ...closed.route, places: [placeFacts({ reached: 'nothing' })] } });
  assert.deepEqual(
    findings.map(({ cause }) => cause),
    ['D12'],
  );
  assert.match(findings[0]?.proof.join() ?? '', /from far\.example/);
});

test('the exit code tells sick from unproven from healthy', () => {
  assert.equal(exitCode(diagnose(factsOf([peerFacts()]))), 0);
  assert.equal(exitCode(diagnose(factsOf([peerFacts({ route: null })]))), 2);
  assert.equal(exitCode(diagnose(factsOf([peerFacts({ rooms: [roomFacts({ aclAllowsUs: false })] })]))), 1);
  assert.equal(exitCode(diagnose(factsOf([]))), 2);
});

test('a cause comes before what it explains', () => {
  const unknown = [{ eventId: '$new', sender: '@dora:peer.example', ts: NOW - 60_000 }];
  const probe = { ...roomFacts().probe!, unknown, depth: 15 };
  const receiving = { ...peerFacts().receiving!, heardAt: NOW - 1e7, transactionAt: NOW - 1e7 };
  const found = causes({ rooms: [roomFacts({ probe })], receiving });
  assert.deepEqual(found, [
    ['D01', undefined],
    ['D20', 'D01'],
  ]);
  // Heard since: it is not that they do not reach us.
  assert.deepEqual(causes({ rooms: [roomFacts({ probe })] }), [['D20', undefined]]);
});

test('what is on its way is not missing', () => {
  const unknown = [{ eventId: '$new', sender: '@dora:peer.example', ts: NOW - 3000 }];
  assert.deepEqual(causes({ rooms: [roomFacts({ probe: { ...roomFacts().probe!, unknown } })] }), []);
});

test('what came and waits is not missing: for long that is another cause', () => {
  const causesOf = (waited: number) => {
    const waitsSince = NOW - waited;
    const unknown = [{ eventId: '$new', sender: '@dora:peer.example', ts: waitsSince, waitsSince }];
    const waitingRooms = [{ roomId: '!room', events: 1, since: waitsSince }];
    const receiving = { ...peerFacts().receiving!, waiting: 1, waitingSince: waitsSince, waitingRooms };
    return causes({ rooms: [roomFacts({ probe: { ...roomFacts().probe!, unknown } })], receiving });
  };
  assert.deepEqual(causesOf(3_600_000), [['D22', undefined]]);
  assert.deepEqual(causesOf(60_000), [['D20', undefined]], 'nothing else tells of it yet');
});

test('a blocked port is the cause only when nobody on it answers', () => {
  const dead = placeFacts({ reached: 'nothing', certificate: null, answers: [], error: 'no answer within 8 s' });
  const on = (server: string, place = dead) => peerFacts({ server, route: { ...peerFacts().route!, places: [place] } });
  const three = [on('a.example'), on('b.example'), on('c.example')];
  const found = (peers: ReturnType<typeof on>[]) => diagnose(factsOf(peers)).us.findings.map(({ cause }) => cause);
  assert.deepEqual(found(three), ['D12']);
  assert.deepEqual(found(three.slice(1)), []);
  assert.deepEqual(found([...three, on('d.example', placeFacts())]), []);
});

test('a megabyte that one family does not take is its fault, and where both do not the way may be slow', () => {
  const large = (status: number | null) => [
    answerFacts(),
    answerFacts({ sent: 65_000, status: 401 }),
    answerFacts({ sent: 1_000_000, status }),
  ];
  const [v4, v6] = [placeFacts(), { ...placeFacts(), family: 6, address: '2001:db8::1' }];
  const found = (four: number | null, six: number | null) => {
    const places = [
      { ...v4, answers: large(four) },
      { ...v6, answers: large(six) },
    ];
    return diagnose(factsOf([peerFacts({ route: { ...peerFacts().route!, places } })])).peers[0];
  };
  assert.deepEqual(found(401, 401)?.findings, []);
  assert.deepEqual(found(401, 413)?.findings, [], 'whoever says that it is too much has had it');
  assert.deepEqual(found(null, null)?.findings, []);
  assert.match(found(null, null)?.unproven.join() ?? '', /^a megabyte did not pass to it in time/);
  const [finding] = found(401, null)?.findings ?? [];
  assert.deepEqual([finding?.cause, finding?.confidence], ['D10', 'likely']);
  assert.match(
    finding?.proof.join() ?? '',
    /\(IPv6\): answers what is small, and 977 KiB do not pass .*\(IPv4\) works/,
  );
});

test('a changed byte, a small body limit and a missing path are seen in what came back', () => {
  const sent = '/_matrix/federation/v1/doctor/echo/%21a%2Fb';
  const echo = {
    address: '192.0.2.1',
    port: 443,
    sent,
    status: 200,
    errcode: null,
    error: null,
    instance: 'this one',
    host: 'us.example',
  };
  const ours = (front: Parameters<typeof frontFacts>[0]) => diagnose(factsOf([], frontFacts(front))).us.findings;
  assert.deepEqual(ours({ echoes: [{ ...echo, target: sent }] }), []);
  const [finding] = ours({ echoes: [{ ...echo, target: '/_matrix/federation/v1/doctor/echo/!a/b' }] });
  assert.equal(finding?.cause, 'D06');
  assert.ok(finding?.proof.includes('the %2F was decoded'));
  const body = { bytes: 1000, status: 401, errcode: 'M_UNAUTHORIZED', error: null, took: 1 };
  assert.deepEqual(ours({ bodies: [body, { ...body, bytes: 2e6 }] }), []);
  assert.equal(ours({ bodies: [body, { ...body, bytes: 2e6, status: 413, errcode: null }] })[0]?.cause, 'D05');
  // For a moment nobody was behind the proxy; and what is larger went through.
  assert.deepEqual(ours({ bodies: [body, { ...body, bytes: 2e6, status: 502, errcode: null }] }), []);
  const reset = { ...body, bytes: 1e6, status: null, errcode: null, error: 'socket hang up' };
  assert.deepEqual(ours({ bodies: [body, reset, { ...body, bytes: 2e6 }] }), []);
  const path = { method: 'GET', path: '/_matrix/federation/v2/x', status: 401, errcode: 'M_UNAUTHORIZED' };
  assert.deepEqual(ours({ paths: [path] }), []);
  assert.equal(ours({ paths: [path, { ...path, status: 404, errcode: null }] })[0]?.cause, 'D18');
});

test('a front that Copse has made is made anew, and of another one the lines are told by its name', () => {
  const body = { bytes: 1000, status: 401, errcode: 'M_UNAUTHORIZED', error: null, took: 1 };
  const bodies = [body, { ...body, bytes: 2e6, status: 413, errcode: null }];
  const seen = (software: string | null, madeFront: { program: string; file: string } | null) => {
    const place = placeFacts({ answers: [answerFacts({ software })] });
    const facts = factsOf([], frontFacts({ bodies, route: { ...frontFacts().route, places: [place] } }));
    return diagnose({ ...facts, us: { ...facts.us, madeFront } }).us.findings[0]?.repair;
  };
  const made = seen('nginx', { program: 'nginx', file: '/etc/nginx/conf.d/copse.conf' });
  assert.equal(made?.kind, 'renew_front');
  assert.match(made?.lines.join() ?? '', /^make \/etc\/nginx\/conf\.d\/copse\.conf anew/);
  const lines = (software: string | null) => seen(software, null)?.lines.join('\n') ?? '';
  assert.match(lines('nginx/1.22.1'), /^in nginx:\n {2}client_max_body_size 60m; .*\nthen: nginx -t/);
  assert.match(lines('Apache/2.4'), /^in Apache:\n {2}LimitRequestBody/);
  assert.match(lines('Something'), /^what answers calls itself Something\nin nginx:.*in Apache:.*in Caddy:/s);
  assert.equal(seen(null, null)?.kind, undefined);
});

test('a clock is ours when others agree, and theirs when they do not', () => {
  const at = (server: string, hours: number) =>
    peerFacts({
      server,
      route: {
        ...peerFacts().route!,
        places: [placeFacts({ answers: [answerFacts({ date: NOW + hours * 3_600_000 })] })],
      },
    });
  const found = (...peers: ReturnType<typeof at>[]) => {
    const { us, peers: judged } = diagnose(factsOf(peers));
    return [us.findings.map(({ cause }) => cause), judged.map(peer => peer.findings.map(({ cause }) => cause))];
  };
  assert.deepEqual(found(at('a', 0), at('b', 0), at('c', 2)), [[], [[], [], ['D14']]]);
  assert.deepEqual(found(at('a', 2), at('b', 2), at('c', 2)), [['D14'], [[], [], []]]);
});

test('the report begins with the cause, and prints nothing that moves a cursor', () => {
  const rooms = [
    roomFacts({ refused: [{ reason: 'not \u001b[2J allowed', isSoft: false, events: 2, newestAt: NOW }] }),
  ];
  const text = reportText(diagnose(factsOf([peerFacts({ rooms })])), [{ server: 'peer.example', lines: ['nothing'] }]);
  assert.match(text, /^peer\.example {3}NOT HEALTHY {3}confidence: likely\n cause {2}D24 /);
  assert.match(text, /\n done {3}nothing\n/);
  assert.ok(!text.includes('\u001b'));
});

test('the report says since when, for how long, how sure that is, and what has come since', () => {
  const unknown = [{ eventId: '$new', sender: '@dora:peer.example', ts: NOW - 3_600_000 }];
  const probe = { ...roomFacts().probe!, unknown, depth: 193 };
  const receiving = { ...peerFacts().receiving!, heardAt: NOW - 11_460_000, transactionAt: null };
  const rooms = [
    roomFacts({ probe, alias: '#pine64:peer.example' }),
    roomFacts({ roomId: '!b', probe: { ...probe, depth: 13 } }),
  ];
  const before = factsOf([peerFacts({ rooms, receiving })]);
  const after = diagnose({ ...factsOf([peerFacts({ receiving: { ...receiving, heardAt: NOW + 2000 } })]) });
  const done = [{ server: 'peer.example', lines: ['said hello to it'] }];
  const [text = ''] = reportText(diagnose(before), done, after).split('\n\n');
  assert.match(
    text,
    /^peer\.example {3}NOT HEALTHY {3}since 2027-01-15 04:49:00 UTC \(3 h 11 min\) {3}confidence: likely\n/,
  );
  assert.match(
    text,
    /\n effect at least 184 events missing in 2 rooms \(#pine64:peer\.example: 182\), nothing of ours undelivered\n/,
  );
  assert.match(text, /\n now {4}healthy\n {8}it sent us something 2027-01-15 08:00:02 UTC$/);
  const again = { 'peer.example': 10 * 60_000 - 1, 'us.example': 0 };
  const told = reportText(diagnose(before), done, after, again);
  assert.match(told, /\n {8}it sent us something 2027-01-15 08:00:02 UTC\n {8}Will check again in 10 min\.\n/);
  assert.match(told, /\n now {4}Will check again in 1 min\.\n/);
  assert.doesNotMatch(text, /again/);
  assert.equal(diagnose(factsOf([peerFacts()])).peers[0]?.since, null, 'nothing is wrong');
});

test('every cause is explained', () => {
  for (const { cause } of CHECKS) assert.match(explainText(cause.toLowerCase()) ?? '', /Found by|Found in/);
  assert.equal(explainText('D99'), undefined);
});

test('facts from a file are read, and other files are not', async () => {
  const facts = factsOf([peerFacts()]);
  assert.deepEqual(await readFacts(JSON.stringify(facts)), facts);
  await assert.rejects(readFacts('not json'), FactsError);
  await assert.rejects(readFacts('{"version":2}'), FactsError);
  await assert.rejects(readFacts(JSON.stringify({ ...facts, peers: [{ server: 'a' }] })), FactsError);
});

test('who is limited by us is named while that lasts, and only where we share rooms', () => {
  const limited = {
    times: 3,
    since: NOW - 60_000,
    at: NOW - 1000,
    factor: 1,
    raisedAt: 0,
    mayWait: 1050,
    hindrance: null,
  };
  const found = (more: object, peer: object = {}) => {
    const receiving = { ...peerFacts().receiving!, limited: { ...limited, ...more } };
    return diagnose(factsOf([peerFacts({ receiving, ...peer })])).peers[0]?.findings;
  };
  const [finding] = found({}) ?? [];
  assert.deepEqual([finding?.cause, finding?.repair?.kind, finding?.since], ['D23', 'raise_limit', NOW - 60_000]);
  const [hindered] = found({ hindrance: 'most of what waits cannot be taken in' }) ?? [];
  assert.equal(hindered?.repair?.kind, undefined);
  assert.match(hindered?.repair?.lines.join() ?? '', /not raised: most of what waits/);
  assert.deepEqual(found({ raisedAt: NOW - 500 }), [], 'raised since');
  assert.deepEqual(found({ at: NOW - 3_700_000 }), [], 'over');
  assert.deepEqual(found({}, { roomsShared: 0, rooms: [] }), [], 'a stranger');
});
