import { nodeCrypto } from '../../src/base/node-crypto.ts';
import { authTypesFor } from '../../src/core/auth/auth-types.ts';
import { type AuthVerdict, checkAuth, type StateLookup } from '../../src/core/auth/check.ts';
import { checkAuthEvents } from '../../src/core/auth/check-auth-events.ts';
import { type Event, readEvent } from '../../src/core/event.ts';
import { contentHash } from '../../src/core/hashes.ts';
import type { EventId, RoomId } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { type RoomVersion, roomVersion } from '../../src/core/room-versions.ts';
import { type StateKeyString, stateKeyString } from '../../src/core/state-key.ts';

export const ALICE = '@alice:one.example';
export const BOB = '@bob:two.example';
export const CAROL = '@carol:three.example';

export interface Draft {
  readonly type: string;
  readonly sender?: string;
  readonly stateKey?: string;
  readonly content?: JsonObject;
  /** The state that auth events are taken from; the room's current one unless given. */
  readonly from?: ReadonlyMap<StateKeyString, Event>;
  readonly prev?: readonly EventId[];
  readonly auth?: readonly EventId[];
  readonly ts?: number;
  readonly depth?: number;
  readonly id?: string;
  readonly roomId?: string;
  /** Further top-level keys. */
  readonly extra?: JsonObject;
}

/** A room made by hand, event by event, for tests of the core. Nothing is signed; hashes and IDs are real. */
export class TestRoom {
  readonly version: RoomVersion;
  readonly events = new Map<EventId, Event>();
  readonly rejected = new Set<EventId>();
  state = new Map<StateKeyString, Event>();
  last: Event | undefined;
  readonly #name: string;
  #made = 0;

  constructor(version: string, name = 'room') {
    const known = roomVersion(version);
    if (known === undefined) throw new RangeError(`room version ${version} is not known`);
    this.version = known;
    this.#name = name;
  }

  get create(): Event {
    return this.get('m.room.create');
  }

  /** The room ID: that of the create event, or a chosen one until there is one. */
  get roomId(): RoomId {
    const create = this.state.get(stateKeyString('m.room.create', ''));
    return create?.roomId ?? (`!${this.#name}:one.example` as RoomId);
  }

  get(type: string, stateKey = ''): Event {
    const event = this.state.get(stateKeyString(type, stateKey));
    if (event === undefined) throw new RangeError(`no ${type} in the state`);
    return event;
  }

  /** An event as another server would send it. */
  pdu(draft: Draft): JsonObject {
    const sender = draft.sender ?? ALICE;
    const state = draft.from ?? this.state;
    const content = draft.content ?? {};
    const subject = { type: draft.type, sender, stateKey: draft.stateKey, content };
    const chosen = authTypesFor(subject, this.version).flatMap(pair => state.get(stateKeyString(...pair))?.id ?? []);
    const auth = draft.auth ?? chosen;
    const prev = draft.prev ?? (this.last === undefined ? [] : [this.last.id]);
    const made = this.#made++;
    const json: JsonObject = {
      type: draft.type,
      sender,
      content,
      prev_events: this.#references(prev),
      auth_events: this.#references(auth),
      depth: draft.depth ?? made + 1,
      origin_server_ts: draft.ts ?? 1_700_000_000_000 + made * 1000,
      signatures: {},
      ...draft.extra,
    };
    if (draft.stateKey !== undefined) json.state_key = draft.stateKey;
    if (this.version.eventIds === 'chosen') json.event_id = draft.id ?? `$${made}:${sender.split(':')[1]}`;
    const founds = this.version.roomIdIsCreateHash && draft.type === 'm.room.create';
    if (!founds || draft.roomId !== undefined) json.room_id = draft.roomId ?? this.roomId;
    json.hashes = { sha256: contentHash(json, this.version, nodeCrypto) };
    return json;
  }

  /** An event that is known but changes nothing. */
  make(draft: Draft): Event {
    const event = readEvent(this.pdu(draft), this.version, nodeCrypto);
    this.events.set(event.id, event);
    return event;
  }

  /** An event that takes its place in the room, whether allowed or not. */
  send(draft: Draft): Event {
    const event = this.make(draft);
    if (event.stateKey !== undefined) this.state.set(stateKeyString(event.type, event.stateKey), event);
    this.last = event;
    return event;
  }

  /** Takes in an event that somebody else made. */
  accept(pdu: JsonObject): Event {
    const event = readEvent(pdu, this.version, nodeCrypto);
    this.events.set(event.id, event);
    if (event.stateKey !== undefined) this.state.set(stateKeyString(event.type, event.stateKey), event);
    this.last = event;
    return event;
  }

  found(content: JsonObject = {}, sender = ALICE): Event {
    const named: JsonObject = this.version.creatorIsSender ? {} : { creator: sender };
    return this.send({
      type: 'm.room.create',
      sender,
      stateKey: '',
      content: { room_version: this.version.id, ...named, ...content },
    });
  }

  member(sender: string, membership: Json, target = sender, extra: JsonObject = {}): Event {
    return this.send({ type: 'm.room.member', sender, stateKey: target, content: { membership, ...extra } });
  }

  levels(content: JsonObject, sender = ALICE): Event {
    return this.send({ type: 'm.room.power_levels', sender, stateKey: '', content });
  }

  joinRule(rule: string, sender = ALICE): Event {
    return this.send({ type: 'm.room.join_rules', sender, stateKey: '', content: { join_rule: rule } });
  }

  /** Create, Alice joined, power levels with Alice at 100 (or none where she is creator for good), public. */
  standard(users: JsonObject = {}): this {
    this.found();
    this.member(ALICE, 'join');
    this.levels({ users: this.version.creatorsHaveInfinitePower ? users : { [ALICE]: 100, ...users } });
    this.joinRule('public');
    return this;
  }

  get lookup(): StateLookup {
    return (type, key) => this.state.get(stateKeyString(type, key));
  }

  /** Whether the current state allows the event that `draft` describes. */
  verdict(draft: Draft): AuthVerdict {
    return checkAuth(this.make(draft), this.lookup, nodeCrypto);
  }

  verdictOf(event: Event): AuthVerdict {
    return checkAuth(event, this.lookup, nodeCrypto);
  }

  /** The rules that need no state. */
  independent(event: Event): AuthVerdict {
    const entries = event.authIds.flatMap(id => this.events.get(id) ?? []);
    return checkAuthEvents(
      event,
      entries,
      id => this.rejected.has(id),
      room => [...this.events.values()].find(each => each.type === 'm.room.create' && each.roomId === room),
    );
  }

  /** The state as event IDs, for resolution. */
  snapshot(): Map<StateKeyString, EventId> {
    return new Map([...this.state].map(([key, event]) => [key, event.id]));
  }

  #references(ids: readonly EventId[]): Json[] {
    return this.version.referencesArePairs ? ids.map(id => [id, { sha256: 'unused' }]) : [...ids];
  }
}

/** The name of the rule that rejects, or 'ok'. */
export function ruleOf(verdict: AuthVerdict): string {
  return verdict.ok ? 'ok' : verdict.rule;
}
