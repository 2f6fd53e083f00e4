import type {
  AnswerFacts,
  Facts,
  FrontFacts,
  PeerFacts,
  PlaceFacts,
  RoomFacts,
} from '../../src/federation/doctor/facts.ts';

/** When everything was seen. */
export const NOW = 1_800_000_000_000;

export function answerFacts(more: Partial<AnswerFacts> = {}): AnswerFacts {
  const request = 'GET /_matrix/federation/v1/version';
  return {
    request,
    sent: 0,
    status: 200,
    errcode: null,
    isJson: true,
    date: NOW,
    at: NOW,
    took: 0,
    error: null,
    ...more,
  };
}

export function placeFacts(more: Partial<PlaceFacts> = {}): PlaceFacts {
  const certificate = {
    ...{ subject: 'peer.example', issuer: 'An authority', names: ['DNS:peer.example'], sent: 2, distrust: null },
    notBefore: NOW - 1e9,
    notAfter: NOW + 1e9,
  };
  const reach = {
    reached: 'http' as const,
    error: null,
    connectMs: 1,
    tlsMs: 1,
    certificate,
    answers: [answerFacts()],
  };
  return { address: '192.0.2.1', family: 4, port: 8448, ...reach, ...more };
}

export function roomFacts(more: Partial<RoomFacts> = {}): RoomFacts {
  const probe = {
    at: NOW,
    status: 200,
    errcode: null,
    error: null,
    heads: ['$a'],
    unknown: [],
    depth: 11,
    authThere: ['$p'],
    authHere: ['$p'],
  };
  return {
    ...{
      roomId: '!room',
      version: '11',
      joinedHere: 1,
      joinedThere: 2,
      extremities: 1,
      depth: 10,
      missing: 0,
      lost: 0,
      holes: [],
    },
    ...{ aclAllowsUs: true, aclAllowsThem: true, refusal: null, refused: [], probe },
    ...more,
  };
}

/** A server with which everything is as it should be. */
export function peerFacts(more: Partial<PeerFacts> = {}): PeerFacts {
  return {
    server: 'peer.example',
    isAllowed: true,
    route: {
      step: '6',
      host: 'peer.example',
      certName: 'peer.example',
      lookups: [],
      error: null,
      places: [placeFacts()],
    },
    keys: { known: [], published: [], error: null, notaries: [] },
    sending: {
      ...{ failingSince: null, tries: 0, triedAt: null, retryAt: null, reason: null, rooms: 0, oldestAt: null },
      ...{ edus: 0, eduBytes: 0, largestEdu: 0, deviceLists: 0, setAside: [] },
    },
    receiving: {
      ...{
        since: NOW - 1e6,
        requests: 5,
        heardAt: NOW - 1000,
        refused: [],
        transactions: 5,
        transactionAt: NOW - 1000,
      },
      ...{ waiting: 0, waitingSince: null, waitingRooms: [], aside: [] },
    },
    roomsShared: 1,
    rooms: [roomFacts()],
    ...more,
  };
}

export function frontFacts(more: Partial<FrontFacts> = {}): FrontFacts {
  const key = { id: 'ed25519:a', key: 'AAAA', validUntil: NOW + 1e9, isCurrent: true };
  return {
    route: {
      step: '3.2',
      host: 'us.example:443',
      certName: 'us.example',
      lookups: [],
      error: null,
      places: [placeFacts({ port: 443 })],
    },
    keys: { known: [], published: [key], error: null, notaries: [] },
    ...{ expected: null, hostSent: 'us.example:443', echoes: [], bodies: [], paths: [] },
    ...more,
  };
}

export function factsOf(peers: readonly PeerFacts[], front: FrontFacts | null = frontFacts()): Facts {
  return {
    ...{ version: 1, takenAt: NOW, took: 100, peers: [...peers] },
    us: {
      ...{
        server: 'us.example',
        software: 'Copse test',
        startedAt: NOW - 1e6,
        instance: 'this one',
        signingKey: 'ed25519:a',
      },
      ...{ published: [], eventKeys: [], front, heardFrom: 1, heardAt: NOW - 1000 },
    },
  };
}
