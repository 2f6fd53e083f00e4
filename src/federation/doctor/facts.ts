import type { Static, TSchema } from 'typebox';
import { Type } from '../../base/schema.ts';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = Type.String();
const texts = Type.Array(text);
const count = Type.Integer({ minimum: 0 });
/** Milliseconds since 1970. */
const ts = Type.Number();
/** A length of time in milliseconds. */
const ms = Type.Number();
const flag = Type.Boolean();

const Lookup = Type.Union([
  Type.Object({
    what: Type.Literal('well-known'),
    urls: texts,
    status: nullable(count),
    delegatedTo: nullable(text),
    error: nullable(text),
  }),
  Type.Object({ what: Type.Literal('srv'), name: text, targets: texts, error: nullable(text) }),
  Type.Object({ what: Type.Literal('addresses'), host: text, addresses: texts, error: nullable(text) }),
]);

const Certificate = Type.Object({
  subject: text,
  issuer: text,
  names: texts,
  notBefore: ts,
  notAfter: ts,
  /** Certificates that the server sent, its own among them. */
  sent: count,
  /** Why it is not believed, as a code of OpenSSL or Node.js; null when it is, or where our settings believe all. */
  distrust: nullable(text),
  /**
   * Whether it leads to an authority that others believe too: on the list of Mozilla as it is today, or on one that is ten
   * years old. `authority`: whom it would have to lead to. Absent where certificates are not checked.
   */
  believers: Type.Optional(Type.Object({ today: flag, old: flag, authority: text })),
});

const Answer = Type.Object({
  request: text,
  /** Bytes of body that went with it. */
  sent: count,
  status: nullable(count),
  errcode: nullable(text),
  isJson: flag,
  /** The time that its server has, from the header `Date`, and when it came. */
  date: nullable(ts),
  at: ts,
  took: ms,
  error: nullable(text),
  /** What the header `Server` says. */
  software: Type.Optional(nullable(text)),
});

/** One address and port of a server, and how far a request to it came. */
const Place = Type.Object({
  address: text,
  family: Type.Integer(),
  port: count,
  reached: Type.Enum(['policy', 'nothing', 'connect', 'tls', 'http']),
  error: nullable(text),
  connectMs: nullable(ms),
  tlsMs: nullable(ms),
  certificate: nullable(Certificate),
  /** Where TLS stalls: whether a handshake that begins with a small packet passes. */
  smallHello: Type.Optional(flag),
  answers: Type.Array(Answer),
});

/** What one of our name servers says, asked alone. */
const NameServerAnswer = Type.Object({
  nameServer: text,
  host: text,
  addresses: texts,
  /** That it said nothing; null where it said that there is none as well. */
  error: nullable(text),
  /** The same for the SRV record of the name. */
  srvError: nullable(text),
  took: ms,
});

/** How a server is found by its name, and what became of each of its addresses. */
const Route = Type.Object({
  step: nullable(text),
  host: nullable(text),
  certName: nullable(text),
  lookups: Type.Array(Lookup),
  nameServers: Type.Optional(Type.Array(NameServerAnswer)),
  error: nullable(text),
  places: Type.Array(Place),
});

const Key = Type.Object({ id: text, key: text, validUntil: ts, isCurrent: flag });

const Keys = Type.Object({
  /** What our database has. */
  known: Type.Array(Key),
  /** What the server publishes now; null when it could not be had. */
  published: nullable(Type.Array(Key)),
  error: nullable(text),
  notaries: Type.Array(Type.Object({ notary: text, keys: nullable(Type.Array(Key)), error: nullable(text) })),
});

const SetAside = Type.Object({ at: ts, kind: text, eventId: nullable(text), bytes: count, reason: text });

/** What waits for a server, and what is held against it as a receiver. */
const Sending = Type.Object({
  failingSince: nullable(ts),
  tries: count,
  triedAt: nullable(ts),
  retryAt: nullable(ts),
  reason: nullable(text),
  rooms: count,
  oldestAt: nullable(ts),
  edus: count,
  eduBytes: count,
  largestEdu: count,
  deviceLists: count,
  setAside: Type.Array(SetAside),
});

/** What came from a server. */
const Receiving = Type.Object({
  /** Since when requests are counted: the start of our server. */
  since: ts,
  requests: count,
  heardAt: nullable(ts),
  /** Requests in its name whose signature was not believed. */
  refused: Type.Array(Type.Object({ at: ts, request: text, reason: text })),
  /** Transactions of the last days that it was answered. */
  transactions: count,
  transactionAt: nullable(ts),
  waiting: count,
  waitingSince: nullable(ts),
  /** Rooms in which events of it wait, the longest first. */
  waitingRooms: Type.Array(Type.Object({ roomId: text, events: count, since: ts })),
  /** How often we told it to come later since a moment, how many events of it may wait now, and what speaks against more. */
  limited: Type.Optional(
    nullable(
      Type.Object({
        ...{ times: count, since: ts, at: ts, factor: count, raisedAt: ts },
        mayWait: count,
        hindrance: nullable(text),
      }),
    ),
  ),
  /** Events of it that were tried again and again in vain, those with most tries first. */
  stuck: Type.Optional(Type.Array(Type.Object({ roomId: text, eventId: text, tries: count, since: ts, reason: text }))),
  aside: Type.Array(Type.Object({ reason: text, events: count })),
  /** Rooms of it that our users could not come into, for their version. */
  unknownVersions: Type.Optional(
    Type.Array(Type.Object({ at: ts, what: text, roomId: text, version: nullable(text) })),
  ),
  /** Device lists that have to be had anew, how often it was asked in vain, and users of whom it names others than we have. */
  deviceLists: Type.Optional(
    Type.Object({ wanted: count, failures: count, triedAt: ts, outdated: Type.Optional(texts) }),
  ),
});

const Hole = Type.Object({ eventId: text, firstSeen: ts, tries: count, isLost: flag, asked: texts });

const StateEvent = Type.Object({ eventId: text, sender: nullable(text), ts: nullable(ts) });
/** With the time since when it waits here to be taken in. */
const Head = Type.Object({ ...StateEvent.properties, waitsSince: Type.Optional(ts) });

/** What the server says that a room ends with. */
const Probe = Type.Object({
  at: ts,
  status: count,
  errcode: nullable(text),
  error: nullable(text),
  heads: texts,
  /** Those that we do not have. */
  unknown: Type.Array(Head),
  depth: nullable(Type.Integer()),
  /** Events that would authorise ours there and here, where both know the same heads. */
  authThere: texts,
  authHere: texts,
});

/** One part of a room's state of which the two hold different events; null where one of them has none. */
const StateEntry = Type.Object({
  type: text,
  stateKey: text,
  there: nullable(StateEvent),
  here: nullable(StateEvent),
  /** What differs in the contents, by the path of each value. */
  fields: Type.Array(Type.Object({ name: text, there: nullable(text), here: nullable(text) })),
});

/** How the state after an event that both have last differs. */
const Difference = Type.Object({ at: ts, after: text, entries: Type.Array(StateEntry), more: count });

/** A room that both are in. */
const Room = Type.Object({
  roomId: text,
  /** Its canonical alias. */
  alias: Type.Optional(nullable(text)),
  version: text,
  joinedHere: count,
  joinedThere: count,
  /** Servers in it besides the two. */
  otherServers: Type.Optional(count),
  extremities: count,
  depth: Type.Integer(),
  missing: count,
  lost: count,
  holes: Type.Array(Hole),
  /** Whether the room's ACL, as we know it, lets each of us take part. */
  /** The event that is the ACL, and what in it keeps us and the server out. */
  acl: Type.Optional(
    nullable(Type.Object({ eventId: text, sender: text, at: ts, us: nullable(text), them: nullable(text) })),
  ),
  aclAllowsUs: flag,
  aclAllowsThem: flag,
  /** Since when the server does not tell us what the room ends with, and why. */
  refusal: nullable(Type.Object({ at: ts, reason: text })),
  /** Events of its users that we refused lately. */
  refused: Type.Array(
    Type.Object({
      ...{ reason: text, isSoft: flag, events: count, newestAt: ts },
      /** The last of them, and the part of our state that it follows from, where that is plain. */
      last: Type.Optional(text),
      because: Type.Optional(nullable(Type.Object({ eventId: text, type: text, says: text, sender: text, at: ts }))),
    }),
  ),
  /** How many refused events of the room were not judged again by the state that we have now. */
  unjudged: Type.Optional(count),
  probe: nullable(Probe),
  /** Where not all of its state is known here yet. */
  incomplete: Type.Optional(nullable(Type.Object({ since: ts, tries: count, problem: nullable(text) }))),
  /** Null or absent where it was not compared. */
  difference: Type.Optional(nullable(Difference)),
});

const Peer = Type.Object({
  server: text,
  /** Whether our settings let us talk to it. */
  isAllowed: flag,
  route: nullable(Route),
  keys: nullable(Keys),
  sending: nullable(Sending),
  receiving: nullable(Receiving),
  roomsShared: count,
  rooms: Type.Array(Room),
});

/** What came back when a request went out to our own public name. */
const Echo = Type.Object({
  address: text,
  port: count,
  sent: text,
  status: nullable(count),
  errcode: nullable(text),
  error: nullable(text),
  /** What the process that was reached says: its name for this run, and the request as it came. */
  instance: nullable(text),
  target: nullable(text),
  host: nullable(text),
});

const Body = Type.Object({
  bytes: count,
  status: nullable(count),
  errcode: nullable(text),
  error: nullable(text),
  took: ms,
});

const ServedPath = Type.Object({ method: text, path: text, status: nullable(count), errcode: nullable(text) });

/** Ourselves as others find us by our name. */
const Front = Type.Object({
  route: Route,
  keys: Keys,
  /** Where we say that we are, by the settings; null where they say nothing. */
  expected: nullable(text),
  hostSent: nullable(text),
  echoes: Type.Array(Echo),
  bodies: Type.Array(Body),
  paths: Type.Array(ServedPath),
});

/** Ourselves as another Copse finds us. */
const Outside = Type.Object({ vantage: text, front: nullable(Front), error: nullable(text) });

export const FrontSchema = Front;

/** Requests of other servers that we answered with 5xx since the start. */
const Failing = Type.Object({
  count,
  last: Type.Array(
    Type.Object({
      at: ts,
      request: text,
      kind: Type.Enum(['disk', 'locked', 'connections', 'memory', 'database', 'unknown']),
      reason: text,
    }),
  ),
});

/** A piece of the server's work for which something waits. */
const Work = Type.Object({
  /** The name of its lease, and the role of those that do it. */
  work: text,
  role: text,
  items: count,
  /** Since when the oldest of it could have been done. */
  since: ts,
  /** The process that should do it; null where none does. */
  holder: nullable(text),
});

/** A process that was held for dead and has not come back. */
const Departed = Type.Object({ name: text, roles: texts, at: ts });

/** Events of our own users that came back from other servers and that we did not have. */
const Returned = Type.Object({
  events: count,
  newest: nullable(Type.Object({ eventId: text, server: text, at: ts })),
  /** When the present epoch began; null where none ever had to. */
  begunAt: nullable(ts),
});

const Us = Type.Object({
  server: text,
  software: text,
  startedAt: ts,
  /** Names this run of the process. */
  instance: text,
  signingKey: text,
  published: Type.Array(Key),
  /** Which keys our own stored events are signed with. */
  eventKeys: Type.Array(
    Type.Object({ id: text, events: count, newestAt: ts, isPublished: flag, holds: nullable(flag) }),
  ),
  front: nullable(Front),
  /** Where proxies reach us, and the configuration of one that Copse has made. */
  upstream: Type.Optional(text),
  madeFront: Type.Optional(nullable(Type.Object({ program: text, file: text }))),
  /** Null or absent where nobody was asked. */
  outside: Type.Optional(nullable(Outside)),
  /** How others hear us: servers that sent us signed requests in the last day, and the last of these. */
  heardFrom: count,
  heardAt: nullable(ts),
  work: Type.Optional(Type.Array(Work)),
  departed: Type.Optional(Type.Array(Departed)),
  failing: Type.Optional(Failing),
  returned: Type.Optional(nullable(Returned)),
  /** Bytes where the data lie. */
  disk: Type.Optional(nullable(Type.Object({ free: count, total: count }))),
  /** When runs of the last day were cut off. */
  cutOff: Type.Optional(Type.Array(ts)),
});

export const FactsSchema = Type.Object({
  version: Type.Literal(1),
  takenAt: ts,
  /** Milliseconds that it took. */
  took: ms,
  us: Us,
  peers: Type.Array(Peer),
});

/**
 * What was seen of this server and of others, and nothing that was concluded from it. It is plain JSON, so that a fault can
 * be kept in a file and looked at again.
 */
export type Facts = Static<typeof FactsSchema>;
export type OwnFacts = Static<typeof Us>;
export type OutsideFacts = Static<typeof Outside>;
export type PeerFacts = Static<typeof Peer>;
export type RouteFacts = Static<typeof Route>;
export type NameServerFacts = Static<typeof NameServerAnswer>;
export type LookupFacts = Static<typeof Lookup>;
export type PlaceFacts = Static<typeof Place>;
export type CertificateFacts = Static<typeof Certificate>;
export type AnswerFacts = Static<typeof Answer>;
export type KeyFacts = Static<typeof Key>;
export type KeysFacts = Static<typeof Keys>;
export type SendingFacts = Static<typeof Sending>;
export type ReceivingFacts = Static<typeof Receiving>;
export type RoomFacts = Static<typeof Room>;
export type DifferenceFacts = Static<typeof Difference>;
export type ProbeFacts = Static<typeof Probe>;
export type EchoFacts = Static<typeof Echo>;
export type BodyFacts = Static<typeof Body>;
export type ServedPathFacts = Static<typeof ServedPath>;
export type FrontFacts = Static<typeof Front>;
export type ReturnedFacts = Static<typeof Returned>;
export type WorkFacts = Static<typeof Work>;
export type FailureFacts = Static<typeof Failing>['last'][number];
export type DepartedFacts = Static<typeof Departed>;
