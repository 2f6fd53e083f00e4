/**
 * Asks a server for ten times as much memory as it may use, in all ways at once: `./copse test overload [--all]`. It has to
 * stay inside `memory`, answer or refuse with 429 and the time to come back, leave nobody without an answer meanwhile, and be as
 * good as before when it is over. Linux, since memory is read from /proc. The last line is `N passed, N failed`.
 */
import { Checks } from './checks.ts';
import { LoadUser } from './load-user.ts';
import { MeasuredServer } from './measured-server.ts';
import { Bystander, type Call, Outcomes, send } from './overload-client.ts';
import { sideBySide } from './side-by-side.ts';

const MIB = 1024 * 1024;
const scale = process.argv.includes('--all')
  ? { members: 2000, messages: 300, atOnce: 100, polls: 2000, rounds: 3 }
  : { members: 300, messages: 60, atOnce: 40, polls: 300, rounds: 2 };
/** What docs/memory.md gives a community. */
const MEMORY = 256 * MIB;
/** How long a request that costs nothing may take while all others ask for too much: on a machine that is busy besides. */
const LONGEST_ANSWER_MS = 5000;
const EVENT_TEXT = 40_000;
const FILE = Buffer.alloc(10 * MIB, 7);
const KEYS = Buffer.from(JSON.stringify({ rooms: {}, padding: 'x'.repeat(2 * MIB) }));

const checks = new Checks();
const { check } = checks;

const server = await MeasuredServer.start({ memory: `${MEMORY / MIB}M` });
const users = await sideBySide(
  Array.from({ length: scale.members }, (_, at) => at),
  at => LoadUser.register(server.url, `user${at}`),
);
const [first] = users;
if (first === undefined) throw new Error('there are no users');
const room = encodeURIComponent(await first.createRoom());
const since = await first.position();
await sideBySide(users.slice(1), user => user.join(decodeURIComponent(room)));
await sideBySide(
  Array.from({ length: scale.messages }, (_, at) => at),
  at => first.send(decodeURIComponent(room), { body: `message ${at} ${'long '.repeat(EVENT_TEXT / 5)}` }),
);
const backup = JSON.stringify({
  algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2',
  auth_data: { public_key: 'abcdefg', signatures: {} },
});
for (const { token } of users.slice(0, scale.atOnce))
  await send(server.url, { method: 'POST', path: '/_matrix/client/v3/room_keys/version', token, body: backup });
console.log(`a room of ${users.length}, ${Math.round(server.usage.resident / MIB)} MiB`);

/** What is asked for in one round by one of those who ask, each with a share of its own. */
function calls(token: string): Call[] {
  const v3 = '/_matrix/client/v3';
  return [
    { method: 'GET', path: `${v3}/sync`, token },
    { method: 'GET', path: `${v3}/sync`, token, readAfterMs: 3000 },
    { method: 'GET', path: `${v3}/rooms/${room}/messages?dir=b&limit=1000`, token },
    { method: 'GET', path: `${v3}/rooms/${room}/messages?dir=b&limit=100`, token, readAfterMs: 3000 },
    { method: 'GET', path: `${v3}/rooms/${room}/members`, token },
    { method: 'GET', path: `${v3}/rooms/${room}/state`, token, readAfterMs: 3000 },
    {
      method: 'POST',
      path: `${v3}/search`,
      token,
      body: JSON.stringify({ search_categories: { room_events: { search_term: 'long' } } }),
    },
    { method: 'POST', path: '/_matrix/media/v3/upload', token, body: FILE },
    { method: 'PUT', path: `${v3}/room_keys/keys?version=1`, token, body: KEYS },
  ];
}

const outcomes = new Outcomes();
const polls = openPolls();
const bystander = new Bystander(server.url, first.token);
for (let round = 0; round < scale.rounds; round++) {
  const asked = users.slice(0, scale.atOnce).flatMap(user => calls(user.token));
  await Promise.all(asked.map(async call => outcomes.count(await send(server.url, call))));
  const { resident, peak } = server.usage;
  console.log(
    `round ${round + 1}: ${Math.round(resident / MIB)} MiB, at the most ${Math.round(peak / MIB)} MiB; ${outcomes.text}`,
  );
}
const longestAnswer = await bystander.stop();
await first.send(decodeURIComponent(room), { body: 'wake up' });
const woken = await Promise.all(polls);

/** Many who wait for news all the while. */
function openPolls(): Promise<string>[] {
  return users.slice(0, scale.polls).map(user => {
    const path = `/_matrix/client/v3/sync?since=${since}&timeout=120000`;
    return send(server.url, { method: 'GET', path, token: user.token });
  });
}

const { peak } = server.usage;
const polled = new Outcomes();
for (const outcome of woken) polled.count(outcome);
check(
  'every request is answered, or refused with the time to come back',
  outcomes.wrong.length === 0,
  outcomes.wrong.join('; ') || outcomes.text,
);
check('so are long-polls', polled.wrong.length === 0, polled.text);
check('it was too much', outcomes.of('429') > 0, outcomes.text);
check('the server did something all the same', outcomes.of('200') > scale.atOnce, outcomes.text);
check(
  'the process stays inside its memory',
  peak <= MEMORY,
  `${Math.round(peak / MIB)} of ${MEMORY / MIB} MiB at the most`,
);
check('others have their turn', longestAnswer < LONGEST_ANSWER_MS, `${Math.round(longestAnswer)} ms at the most`);
await new Promise(resolve => setTimeout(resolve, 5000));
const after = await send(server.url, {
  method: 'GET',
  path: '/_matrix/client/v3/sync?filter={"room":{"timeline":{"limit":1}}}',
  token: users[1]?.token ?? '',
});
check(
  'it is as good as before when it is over',
  after === '200',
  `${after}, ${Math.round(server.usage.resident / MIB)} MiB`,
);
console.log(server.warnings);
await server[Symbol.asyncDispose]();
checks.end();
