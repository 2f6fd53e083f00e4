import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import { ALICE, BOB, CAROL, ruleOf, TestRoom } from '../../test/support/room-builder.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import { creatorOf, redactionApplies } from './auth/power-levels.ts';
import { type Event, redactedEvent, redactsOf } from './event.ts';
import { eventIdOf } from './hashes.ts';
import type { JsonObject } from './json.ts';
import type { Pdu } from './pdu.ts';
import { redact } from './redact.ts';
import { knownRoomVersions, roomVersion } from './room-versions.ts';
import { stateKeyString } from './state-key.ts';

function kept(version: string, type: string, content: JsonObject): string[] {
  const room = new TestRoom(version).standard();
  const event = room.make({ type, stateKey: '', content });
  return Object.keys(redact(event.pdu, room.version).content).sort();
}

/** The versions in which `key` survives in an event of `type`. */
function survivesIn(type: string, key: string, value: JsonObject[string] = 1): string[] {
  return knownRoomVersions.map(each => each.id).filter(id => kept(id, type, { [key]: value, gone: 1 }).includes(key));
}

const ALL = knownRoomVersions.map(version => version.id);
const from = (first: string): string[] => ALL.slice(ALL.indexOf(first));
const until = (last: string): string[] => ALL.slice(0, ALL.indexOf(last) + 1);

test('content keys that survive, by room version', () => {
  const expected: [string, string, string[]][] = [
    ['m.room.member', 'membership', ALL],
    ['m.room.member', 'join_authorised_via_users_server', from('9')],
    ['m.room.member', 'displayname', []],
    ['m.room.create', 'creator', ALL],
    ['m.room.create', 'room_version', from('11')],
    ['m.room.create', 'm.federate', from('11')],
    ['m.room.join_rules', 'join_rule', ALL],
    ['m.room.join_rules', 'allow', from('8')],
    ['m.room.aliases', 'aliases', until('5')],
    ['m.room.history_visibility', 'history_visibility', ALL],
    ['m.room.redaction', 'redacts', from('11')],
    ['m.room.redaction', 'reason', []],
    ['m.room.power_levels', 'invite', from('11')],
    ['m.room.power_levels', 'notifications', []],
    ['m.room.message', 'body', []],
    ['m.room.message', 'membership', []],
  ];
  for (const [type, key, versions] of expected) assert.deepEqual(survivesIn(type, key), versions, `${type} ${key}`);
  for (const key of ['ban', 'events', 'events_default', 'kick', 'redact', 'state_default', 'users', 'users_default']) {
    assert.deepEqual(survivesIn('m.room.power_levels', key), ALL, key);
  }
});

test('of a third-party invite only the signed part survives, from version 11 on', () => {
  const invite = { display_name: 'x', signed: { token: 't' } };
  assert.deepEqual(survivesIn('m.room.member', 'third_party_invite', invite), from('11'));
  const room = new TestRoom('11').standard();
  const content = (value: JsonObject[string]): JsonObject =>
    redact(room.make({ type: 'm.room.member', stateKey: '', content: { third_party_invite: value } }).pdu, room.version)
      .content;
  assert.deepEqual(content(invite), { third_party_invite: { signed: { token: 't' } } });
  assert.deepEqual(content({}), { third_party_invite: {} });
  assert.deepEqual(content(null), {});
});

test('top-level keys that survive', () => {
  for (const version of knownRoomVersions) {
    const room = new TestRoom(version.id).standard();
    const extra = {
      origin: 'one.example',
      membership: 'join',
      prev_state: [],
      redacts: '$a:b',
      unsigned: {},
      other: 1,
    };
    const { pdu } = room.make({ type: 'x', stateKey: '', extra });
    const left = redact(pdu, version);
    for (const key of ['origin', 'membership', 'prev_state']) {
      assert.equal(Object.hasOwn(left, key), Number(version.id) < 11, `${version.id} ${key}`);
    }
    for (const key of ['redacts', 'unsigned', 'other']) assert.ok(!Object.hasOwn(left, key));
    const needed = [
      'type',
      'room_id',
      'sender',
      'state_key',
      'content',
      'hashes',
      'signatures',
      'depth',
      'prev_events',
      'auth_events',
      'origin_server_ts',
    ];
    for (const key of needed) assert.ok(Object.hasOwn(left, key), key);
    assert.equal(Object.hasOwn(left, 'event_id'), version.eventIds === 'chosen');
  }
});

test('redacting twice is redacting once, changes no ID and leaves the event as it was', () => {
  const types = fc.constantFrom(
    'm.room.member',
    'm.room.create',
    'm.room.power_levels',
    'm.room.aliases',
    'x',
    '__proto__',
  );
  const keys = fc.constantFrom(
    'membership',
    'creator',
    'users',
    'aliases',
    'third_party_invite',
    'redacts',
    '__proto__',
    'x',
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...knownRoomVersions),
      types,
      fc.dictionary(keys, fc.jsonValue()),
      (version, type, content) => {
        const room = new TestRoom(version.id).standard();
        const clean = JSON.parse(JSON.stringify(content), (_, value) => (typeof value === 'number' ? 1 : value));
        const event = room.make({ type, stateKey: '', content: clean, prev: [] });
        const before = JSON.stringify(event.pdu);
        const once = redact(event.pdu, version);
        assert.deepEqual(redact(once, version), once);
        assert.equal(eventIdOf(once, version, nodeCrypto), event.id);
        assert.equal(JSON.stringify(event.pdu), before);
      },
    ),
  );
});

test('N027 a redacted create event still tells the creator, and the room goes on', () => {
  for (const version of knownRoomVersions) {
    const room = new TestRoom(version.id).standard({ [BOB]: 50 });
    const create = redactedEvent(room.create);
    assert.equal(create.id, room.create.id);
    assert.equal(create.version, version);
    assert.equal(creatorOf(create), ALICE);
    room.state.set(stateKeyString('m.room.create', ''), create);
    assert.equal(ruleOf(room.verdict({ type: 'm.room.topic', stateKey: '' })), 'ok');
    assert.equal(create.content.room_version, version.redaction.updated ? version.id : undefined);
  }
});

test('N028 a redaction in version 1 or 2 needs the level or an event ID of the same domain', () => {
  for (const id of ['1', '2']) {
    const room = new TestRoom(id).standard();
    room.member(BOB, 'join');
    room.member(CAROL, 'join');
    const target = room.send({ type: 'm.room.message', sender: BOB });
    const byOthers = { type: 'm.room.redaction', sender: CAROL, extra: { redacts: target.id } };
    assert.equal(ruleOf(room.verdict(byOthers)), 'redaction');
    assert.ok(!redactionApplies(room.make(byOthers), target, room.lookup));
    for (const sender of [ALICE, BOB]) {
      const allowed = { ...byOthers, sender };
      assert.equal(ruleOf(room.verdict(allowed)), 'ok');
      assert.ok(redactionApplies(room.make(allowed), target, room.lookup));
    }
    for (const redacts of ['$x', 5, null] as JsonObject[string][]) {
      assert.equal(ruleOf(room.verdict({ ...byOthers, extra: { redacts } })), 'redaction');
    }
  }
  const room = new TestRoom('3').standard();
  room.member(CAROL, 'join');
  const target = room.send({ type: 'm.room.message' });
  const redaction = room.make({ type: 'm.room.redaction', sender: CAROL, extra: { redacts: target.id } });
  assert.equal(ruleOf(room.verdictOf(redaction)), 'ok');
  assert.ok(!redactionApplies(redaction, target, room.lookup));
});

test('N029 redactions in a circle and chains of 10,000 end at once', () => {
  const room = new TestRoom('1').standard();
  const cycle = ['$a:one.example', '$b:one.example'].map((id, i, ids) =>
    room.make({ type: 'm.room.redaction', id, extra: { redacts: ids[1 - i]! } }),
  );
  for (const [i, event] of cycle.entries()) {
    assert.equal(redactsOf(event), cycle[1 - i]?.id);
    assert.ok(redactionApplies(event, cycle[1 - i]!, room.lookup));
    // Redacted, it is still an event of the room, but names nothing any more: there is no way back round.
    assert.equal(redactsOf(redactedEvent(event)), undefined);
  }
  const self = room.make({ type: 'm.room.redaction', id: '$s:one.example', extra: { redacts: '$s:one.example' } });
  assert.ok(!redactionApplies(self, self, room.lookup));

  const recent = new TestRoom('11').standard();
  let last: Event = recent.send({ type: 'm.room.message', content: { body: 'x' } });
  const cost = cpuMilliseconds(() => {
    for (let i = 0; i < 10_000; i++) {
      const redaction = recent.make({ type: 'm.room.redaction', content: { redacts: last.id }, prev: [last.id] });
      assert.ok(redactionApplies(redaction, last, recent.lookup));
      assert.equal(redactedEvent(last).id, last.id);
      last = redaction;
    }
  });
  assert.ok(cost < 10_000, `${cost} ms`);
});

test('N030 a redaction reaches only events of its own room, and one that comes later only after the check', () => {
  const room = new TestRoom('11').standard();
  room.member(BOB, 'join');
  const other = new TestRoom('11', 'other').standard();
  const foreign = other.send({ type: 'm.room.message' });
  const crossing = room.make({ type: 'm.room.redaction', content: { redacts: foreign.id } });
  assert.ok(!redactionApplies(crossing, foreign, room.lookup));
  // The target is not known when its redaction comes; when it arrives, the sender turns out to have no right to it.
  const target = room.make({ type: 'm.room.message' });
  const early = room.make({ type: 'm.room.redaction', sender: BOB, content: { redacts: target.id } });
  assert.equal(ruleOf(room.verdictOf(early)), 'ok');
  assert.ok(!redactionApplies(early, target, room.lookup));
  const rightful = room.make({ type: 'm.room.redaction', content: { redacts: target.id } });
  assert.ok(redactionApplies(rightful, target, room.lookup));
});

test('a create event keeps its pdu as a whole from version 11 on', () => {
  const room = new TestRoom('12');
  const create = room.found({ additional_creators: [BOB], predecessor: { room_id: '!a:b' } });
  assert.deepEqual(redact(create.pdu as Pdu, roomVersion('12')!).content, create.content);
});
