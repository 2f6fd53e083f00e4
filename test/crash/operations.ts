import { type Api, type Loose, text, UnansweredError, type User } from './api.ts';
import { type Attempt, joinKey, type Ledger, LedgerError } from './ledger.ts';

/** Who takes part, and where. */
export interface Cast {
  readonly ledger: Ledger;
  readonly roomId: string;
  readonly alice: User;
  readonly bob: User;
  readonly others: readonly User[];
}

/** A request that may be repeated until it is answered; the answer goes into the ledger. */
export interface Operation {
  readonly name: string;
  /** @throws UnansweredError */
  run(api: Api): Promise<void>;
}

export interface OperationKind {
  readonly name: string;
  /** Prepares a new one; what it needs is on the server when this resolves. */
  make(cast: Cast, api: Api): Promise<Operation>;
}

let transactions = 0;

function eventOperation(name: string, ledger: Ledger, attempt: Attempt, ask: (api: Api) => Promise<Loose>): Operation {
  return {
    name,
    async run(api) {
      if (attempt.acknowledged) return;
      ledger.begin(attempt);
      ledger.acknowledge(attempt, text((await ask(api)).event_id));
    },
  };
}

export function send(cast: Cast, user: User): Operation {
  return message(cast, user, cast.ledger.attempt(cast.roomId, user.id));
}

function message({ ledger, roomId }: Cast, { token }: User, attempt: Attempt): Operation {
  const path = `/rooms/${roomId}/send/m.room.message/txn${transactions++}`;
  const body = { msgtype: 'm.text', body: attempt.key };
  return eventOperation('send', ledger, attempt, api => api.ok('PUT', path, { token, body }));
}

/** A message of Alice's that is there; answers its event ID. */
async function newMessage(cast: Cast, api: Api): Promise<string> {
  const attempt = cast.ledger.attempt(cast.roomId, cast.alice.id);
  await message(cast, cast.alice, attempt).run(api);
  return attempt.eventId ?? '';
}

export function setTopic({ ledger, roomId, alice: { id, token } }: Cast): Operation {
  const attempt = ledger.attempt(roomId, id);
  const path = `/rooms/${roomId}/state/m.room.topic`;
  return eventOperation('state', ledger, attempt, api => api.ok('PUT', path, { token, body: { topic: attempt.key } }));
}

export async function redact(cast: Cast, api: Api): Promise<Operation> {
  const { ledger, roomId, alice } = cast;
  const target = ledger.rooms.get(roomId)?.messages.shift() ?? (await newMessage(cast, api));
  const attempt = ledger.attempt(roomId, alice.id);
  const path = `/rooms/${roomId}/redact/${target}/txn${transactions++}`;
  const request = { token: alice.token, body: { reason: attempt.key } };
  const inner = eventOperation('redaction', ledger, attempt, api => api.ok('PUT', path, request));
  return {
    name: 'redaction',
    async run(api) {
      await inner.run(api);
      ledger.redacted.add(target);
    },
  };
}

/** An operation without an event of its own: `ask` is repeated until it is answered, and `told` once. */
function once(name: string, ask: (api: Api) => Promise<Loose>, told: (answer: Loose) => void): Operation {
  let done = false;
  return {
    name,
    async run(api) {
      if (done) return;
      told(await ask(api));
      done = true;
    },
  };
}

export function newRoom({ ledger, alice, bob }: Cast, token = alice.token): Operation {
  const body = { preset: 'public_chat', name: `room ${transactions++}`, invite: token === alice.token ? [bob.id] : [] };
  // Without an answer there may be a room that nobody was told of; its maker has joined it.
  return once(
    'createRoom',
    api => api.ok('POST', '/createRoom', { token, body }),
    answer => ledger.createdRooms.add(text(answer.room_id)),
  );
}

async function joinRoom(cast: Cast, api: Api): Promise<Operation> {
  const { ledger, bob } = cast;
  await newRoom(cast).run(api);
  const roomId = [...ledger.createdRooms].at(-1) ?? '';
  const attempt = ledger.attempt(roomId, bob.id, joinKey(roomId, bob.id));
  return once(
    'join',
    api => api.ok('POST', `/rooms/${roomId}/join`, { token: bob.token, body: {} }),
    () => ledger.acknowledge(attempt),
  );
}

function uploadKeys({ ledger, bob }: Cast): Operation {
  const at = transactions++;
  const ids = [0, 1, 2].map(n => `K${at}x${n}`);
  const keys = Object.fromEntries(
    ids.map(id => [`curve25519:${id}`, Buffer.from(id.padEnd(32)).toString('base64').slice(0, 43)]),
  );
  // Known before the answer: they may be claimed as soon as they are there.
  for (const id of ids) ledger.uploadedKeys.add(id);
  return once(
    'keys/upload',
    api => api.ok('POST', '/keys/upload', { token: bob.token, body: { one_time_keys: keys } }),
    () => undefined,
  );
}

async function claimKey(cast: Cast, api: Api): Promise<Operation> {
  const { ledger, alice, bob } = cast;
  await uploadKeys(cast).run(api);
  const body = { one_time_keys: { [bob.id]: { [bob.deviceId]: 'curve25519' } } };
  return {
    name: 'keys/claim',
    async run(api) {
      try {
        const answer = await api.ok('POST', '/keys/claim', { token: alice.token, body });
        takeKey(ledger, answer.one_time_keys?.[bob.id]?.[bob.deviceId] ?? {});
      } catch (error) {
        if (error instanceof UnansweredError) ledger.lostClaims++;
        throw error;
      }
    },
  };
}

function takeKey(ledger: Ledger, key: Loose): void {
  const id = Object.keys(key)[0]?.slice('curve25519:'.length) ?? '';
  if (!ledger.uploadedKeys.has(id)) throw new LedgerError(`the key "${id}" was never uploaded`);
  if (ledger.claimedKeys.has(id)) throw new LedgerError(`the one-time key ${id} was handed out twice`);
  ledger.claimedKeys.add(id);
}

export function sendToDevice({ ledger, alice, bob }: Cast): Operation {
  const key = `message ${transactions}`;
  const path = `/sendToDevice/org.example.crash/txn${transactions++}`;
  ledger.sentToDevice.set(key, false);
  const body = { messages: { [bob.id]: { [bob.deviceId]: { key } } } };
  return once(
    'sendToDevice',
    api => api.ok('PUT', path, { token: alice.token, body }),
    () => ledger.sentToDevice.set(key, true),
  );
}

async function receipt(cast: Cast, api: Api): Promise<Operation> {
  const { ledger, roomId, bob } = cast;
  const eventId = await newMessage(cast, api);
  ledger.receipts.push(eventId);
  const path = `/rooms/${roomId}/receipt/m.read/${eventId}`;
  return once(
    'receipt',
    api => api.ok('POST', path, { token: bob.token, body: {} }),
    () => {
      ledger.receipts = [eventId];
    },
  );
}

export function upload({ ledger, alice }: Cast, bytes = 3000): Operation {
  const file = Buffer.alloc(bytes, `file ${transactions++} `);
  return once(
    'upload',
    api => api.ok('POST', '/_matrix/media/v3/upload', { token: alice.token, body: file }),
    answer => ledger.media.set(text(answer.content_uri), file),
  );
}

function accountData({ ledger, alice }: Cast): Operation {
  const value = `value ${transactions++}`;
  ledger.accountData.push(value);
  const path = `/user/${alice.id}/account_data/org.example.crash`;
  return once(
    'account data',
    api => api.ok('PUT', path, { token: alice.token, body: { value } }),
    () => {
      ledger.accountData = [value];
    },
  );
}

function logIn({ ledger, bob }: Cast): Operation {
  const identifier = { type: 'm.id.user', user: bob.id };
  const body = { type: 'm.login.password', identifier, password: 'correct horse' };
  return once(
    'login',
    api => api.ok('POST', '/login', { body }),
    answer => ledger.tokens.add(text(answer.access_token)),
  );
}

/** Several clients at the same moment: their transactions share a commit. */
function group(cast: Cast): Operation {
  const parts = [...cast.others.map(user => send(cast, user)), setTopic(cast), sendToDevice(cast)];
  return {
    name: 'group',
    async run(api) {
      const results = await Promise.allSettled(parts.map(part => part.run(api)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
  };
}

export const KINDS: readonly OperationKind[] = [
  { name: 'send', make: async cast => send(cast, cast.alice) },
  { name: 'state', make: async cast => setTopic(cast) },
  { name: 'redaction', make: redact },
  { name: 'createRoom', make: async cast => newRoom(cast) },
  { name: 'join', make: joinRoom },
  { name: 'keys/upload', make: async cast => uploadKeys(cast) },
  { name: 'keys/claim', make: claimKey },
  { name: 'sendToDevice', make: async cast => sendToDevice(cast) },
  { name: 'receipt', make: receipt },
  { name: 'upload', make: async cast => upload(cast) },
  { name: 'account data', make: async cast => accountData(cast) },
  { name: 'login', make: async cast => logIn(cast) },
  { name: 'group', make: async cast => group(cast) },
];

/** Makes the users and the room in which they talk. */
export async function setUp(api: Api, ledger: Ledger): Promise<Cast> {
  const alice = await api.register('alice');
  const bob = await api.register('bob');
  const others = [bob, await api.register('carol'), await api.register('dave')];
  const unfinished: Cast = { ledger, roomId: '', alice, bob, others };
  await newRoom(unfinished).run(api);
  const roomId = [...ledger.createdRooms].at(-1) ?? '';
  for (const { id, token } of others) {
    const attempt = ledger.attempt(roomId, id, joinKey(roomId, id));
    await api.ok('POST', `/rooms/${roomId}/join`, { token, body: {} });
    ledger.acknowledge(attempt);
  }
  return { ...unfinished, roomId };
}
