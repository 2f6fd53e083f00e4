import type { Event } from '../../core/event.ts';
import { domainOf, type EventId, type ServerName } from '../../core/ids.ts';
import type { ServerKeys } from '../../core/server-keys.ts';
import { requiredSigners, signingKeyIds, verifyEventSignature } from '../../core/signatures.ts';
import { joinedOfDomain } from '../../rooms/members.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { OUTLIER, OWN, REDACTED, REJECTED, SOFT_FAILED, type StoredEvent } from '../../rooms/room.ts';
import { serversIn } from '../../rooms/room-domains.table.ts';
import { LOG_EVENT } from '../../rooms/room-log.table.ts';
import { askedServers } from '../gaps/asked-servers.ts';
import type { Arrivals } from '../inbound/arrivals.ts';
import { keysOfServers } from '../keys/server-key.table.ts';
import {
  isExtremity,
  missingEvent,
  readersFrom,
  reasonOfEvent,
  serversWaitingFor,
  serversWithout,
  waitingEvent,
} from './trace.table.ts';
import { type HeadsParts, standing } from './trace-heads.ts';
import { bytesText, countText, momentText, quoted, someText } from './words.ts';

/** One thing that is known of what became of an event. */
export interface Hop {
  readonly what: string;
  readonly lines: readonly string[];
}

export interface Trace {
  readonly eventId: EventId;
  /** In the order in which an event comes by. Empty where this server has never heard of it. */
  readonly hops: readonly Hop[];
}

export interface TraceParts {
  readonly rooms: RoomsParts;
  readonly published: { readonly keys: ServerKeys };
  readonly peers: HeadsParts['peers'];
  /** From whom events came. */
  readonly arrivals: Pick<Arrivals, 'of'>;
  /** How far the devices of a user are in the logs of rooms, as far as they asked since the start. */
  readonly devices: (
    userNid: number,
  ) => ReadonlyMap<string, { readonly shards: readonly number[]; readonly at: number }>;
}

const MOST_SERVERS = 10;

/** What became of an event here, as far as it is known; `isAsking` has other servers asked whether they have it. */
export async function traceEvent(
  parts: TraceParts,
  eventId: EventId,
  { isAsking = false }: { readonly isAsking?: boolean } = {},
): Promise<Trace> {
  const { rooms } = parts;
  const stored = await rooms.events.byId(rooms.db, eventId);
  if (stored === undefined) return { eventId, hops: await hopsWithoutEvent(rooms, eventId) };
  const hops = await hopsOf(parts, stored);
  if (isAsking && stored.pos !== undefined) hops.push({ what: 'there', lines: await standing(parts, stored) });
  return { eventId, hops };
}

/** It waits in the inbox, or others build on it and it never came. */
async function hopsWithoutEvent({ db }: RoomsParts, eventId: EventId): Promise<Hop[]> {
  const waiting = await waitingEvent(db, eventId);
  const missing = await missingEvent(db, eventId);
  const hops: Hop[] = [];
  if (waiting !== undefined) {
    const { origin, room_id, received_ts, due, tries, reason } = waiting;
    const next = due === null ? 'given up' : `tried again ${momentText(due)}`;
    hops.push({ what: 'received', lines: [`${momentText(received_ts)} from ${origin}, for ${room_id}`] });
    hops.push({
      what: 'waits',
      lines: [`${countText(tries, 'try', 'tries')}, ${next}${reason === null ? '' : `: ${quoted(reason)}`}`],
    });
  }
  if (missing !== undefined) {
    const { room_id, wanted_by, first_seen, due, asked } = missing;
    const outcomes = [...askedServers({ asked })].map(([server, outcome]) => `${server}: ${outcome}`);
    const hope = due === null ? 'no server that was asked has it: it is lost' : `asked for again ${momentText(due)}`;
    hops.push({
      what: 'missing',
      lines: [
        `in ${room_id} since ${momentText(first_seen)}; ${wanted_by ?? 'an event'} builds on it`,
        hope,
        ...outcomes,
      ],
    });
  }
  return hops;
}

async function hopsOf(parts: TraceParts, stored: StoredEvent): Promise<Hop[]> {
  const { rooms } = parts;
  const { event, flags } = stored;
  const hops: Hop[] = [
    { what: 'event', lines: whatItIs(event) },
    ...arrived(parts, event),
    { what: 'signed', lines: await signatures(parts, event) },
    { what: 'judged', lines: [judgement(flags, await reasonOfEvent(rooms.db, stored.nid))] },
    { what: 'stored', lines: await placement(rooms, stored) },
  ];
  if ((flags & OWN) !== 0 && stored.pos !== undefined)
    hops.push({ what: 'sent', lines: await sending(rooms, stored, stored.pos) });
  if (stored.pos !== undefined) {
    hops.push({ what: 'devices', lines: await onDevices(parts, stored, stored.pos) });
    const readers = await readersFrom(rooms.db, stored.roomNid, stored.pos);
    hops.push({
      what: 'read',
      lines: [`by ${countText(readers, 'user')}, who sent receipts for it or for what came later`],
    });
  }
  return hops;
}

function whatItIs({ type, stateKey, sender, roomId, ts, depth, pdu, prevIds }: Event): string[] {
  const state = stateKey === undefined ? '' : `, state of "${quoted(stateKey, 100)}"`;
  return [
    `${quoted(type, 100)}${state} by ${quoted(sender, 255)} in ${roomId}`,
    `made ${momentText(ts)} by its own clock, depth ${depth}, ${bytesText(JSON.stringify(pdu).length)}`,
    `builds on ${prevIds.length === 0 ? 'nothing' : someText(prevIds)}`,
  ];
}

function arrived({ arrivals }: TraceParts, { id }: Event): Hop[] {
  const arrival = arrivals.of(id);
  if (arrival === undefined) return [];
  const { server, at, how } = arrival;
  return [
    {
      what: 'received',
      lines: [`${momentText(at)} from ${server}, ${how === 'sent' ? 'which sent it' : 'which was asked for it'}`],
    },
  ];
}

/** A device that asks on from a later place has had it; what it did with it is its own affair. */
async function onDevices({ rooms, devices }: TraceParts, { roomNid }: StoredEvent, pos: number): Promise<string[]> {
  const { db, nids, serverName } = rooms;
  const own = await nids.domains.findOne(db, serverName);
  const shard = (await rooms.rooms.byNids(db, [roomNid])).get(roomNid)?.shard;
  const members = own === undefined ? [] : await joinedOfDomain(db, roomNid, own);
  const names = await nids.users.names(
    db,
    members.map(({ user_nid: nid }) => nid),
  );
  const all = [...names].flatMap(([nid, name]) =>
    [...devices(nid)].map(([device, { shards, at }]) => ({
      name: `${quoted(name, 255)} ${quoted(device, 80)}`,
      at,
      hasIt: shard !== undefined && (shards[shard] ?? 0) >= pos,
    })),
  );
  const having = all.filter(({ hasIt }) => hasIt).map(({ name, at }) => `${name} (asked on ${momentText(at)})`);
  const lacking = all.filter(({ hasIt }) => !hasIt).map(({ name }) => name);
  return [
    `given to ${countText(having.length, 'device')} that asked on after it: ${someText(having, MOST_SERVERS) || 'none'}`,
    ...(lacking.length > 0 ? [`not yet asked on after it: ${someText(lacking, MOST_SERVERS)}`] : []),
    'devices that have not asked since the start of the server are not known',
  ];
}

async function signatures({ rooms, published }: TraceParts, event: Event): Promise<string[]> {
  const signers = requiredSigners(event);
  const known = await keysOfServers(rooms.db, signers);
  return signers.map(server => {
    const keys = server === rooms.serverName ? published.keys : known.get(server);
    return `${server}: ${signatureText(rooms, event, server, keys)}`;
  });
}

function signatureText(rooms: RoomsParts, event: Event, server: ServerName, keys: ServerKeys | undefined): string {
  const ids = signingKeyIds(event.pdu, server);
  if (ids.length === 0) return 'no signature';
  return ids
    .map(id => {
      const key = keys?.get(id);
      if (key === undefined) return `${quoted(id, 80)}, which we do not know`;
      return `${quoted(id, 80)}, ${verifyEventSignature(event, server, id, key.publicKey, rooms.crypto) ? 'good' : 'WRONG'}`;
    })
    .join('; ');
}

function judgement(flags: number, reason: string | undefined): string {
  const why = reason === undefined ? '' : `: ${quoted(reason)}`;
  if ((flags & REJECTED) !== 0) return `rejected${why}`;
  if ((flags & SOFT_FAILED) !== 0) return `soft-failed, shown to nobody${why}`;
  if ((flags & OUTLIER) !== 0) return 'known by name only (an outlier): part of a state, not of the timeline';
  return (flags & REDACTED) !== 0 ? 'accepted, and redacted since' : 'accepted';
}

async function placement({ db, rooms: registry }: RoomsParts, { nid, roomNid, pos }: StoredEvent): Promise<string[]> {
  const shard = (await registry.byNids(db, [roomNid])).get(roomNid)?.shard;
  if (pos === undefined) return ['outside of the timeline'];
  const place = pos < 0 ? `as history from before we came, position ${pos}` : `position ${pos} of log ${shard ?? '?'}`;
  const end = await isExtremity(db, roomNid, nid);
  return [place, end ? 'nothing builds on it yet' : 'later events build on it'];
}

async function sending(rooms: RoomsParts, { event, roomNid }: StoredEvent, pos: number): Promise<string[]> {
  const { db, nids, serverName } = rooms;
  const waiting = await serversWaitingFor(db, { roomNid, kind: LOG_EVENT, pos, limit: MOST_SERVERS + 1 });
  const without = await serversWithout(db, event.id);
  const names = await nids.domains.names(db, await serversIn(db, roomNid));
  const late = new Set([...waiting, ...without].map(each => each.server));
  const others = [...names.values()].filter(name => name !== serverName && !late.has(name));
  const from = domainOf(event.sender) === serverName ? '' : ' (it came in through us)';
  return [
    // Who came later was not to be sent it, and is not told apart.
    `nothing of it waits for ${countText(others.length, 'server')} in the room${from}: ${someText(others) || 'none'}`,
    ...waiting
      .slice(0, MOST_SERVERS)
      .map(
        ({ server, since, retry_at, reason }) =>
          `${server} has not acknowledged it since ${momentText(since)}${retry_at === null ? '' : `, tried again ${momentText(retry_at)}: ${quoted(reason ?? '')}`}`,
      ),
    ...(waiting.length > MOST_SERVERS ? ['and more servers'] : []),
    ...without.map(({ server, reason }) => `${server} cannot be sent it: ${quoted(reason)}`),
  ];
}

/** The trace in lines for people. */
export function traceText({ eventId, hops }: Trace): string {
  if (hops.length === 0) return `This server has never heard of ${eventId}.`;
  const rows = hops.flatMap(({ what, lines }) =>
    lines.map((line, at) => `${(at === 0 ? what : '').padEnd(9)} ${line}`),
  );
  return [eventId, ...rows].join('\n');
}
