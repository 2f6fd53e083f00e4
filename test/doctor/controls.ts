import { setTimeout as wait } from 'node:timers/promises';
import { TestAuthority } from '../support/certificates.ts';
import { federationWith } from '../support/federation-settings.ts';
import { PEER, THIRD } from './doctor-world.ts';
import type { Fault } from './fault.ts';
import { putNginx, rightNginx } from './faults-of-ours.ts';
import type { Answering } from './front.ts';

/** Worlds in which nothing is wrong: a finding there is a false alarm. */
export const CONTROLS: readonly Fault[] = [
  {
    id: 'C1',
    about: 'an idle peer',
    cause: undefined,
    inject: async () => undefined,
  },
  {
    id: 'C2',
    about: 'a peer that takes three seconds for each answer',
    cause: undefined,
    async inject({ peer }) {
      peer.front.delayMs = 3000;
      return undefined;
    },
  },
  {
    id: 'C3',
    about: 'a peer that is down for a moment',
    cause: undefined,
    async inject(world) {
      world.peer.front.answering = (_, answer) => answer.writeHead(502).end('<h1>Bad Gateway</h1>') !== undefined;
      await world.say(world.us, 'waits a little');
      await wait(500);
      return undefined;
    },
  },
  {
    id: 'C4',
    about: 'a further room without traffic',
    cause: undefined,
    async inject(world) {
      await world.sharedRoom();
      return undefined;
    },
  },
  {
    id: 'C5',
    about: 'a peer that has left the room',
    cause: undefined,
    async inject(world) {
      await world.peer.user.ok('POST', `/v3/rooms/${encodeURIComponent(world.roomId)}/leave`, {});
      await wait(500);
      return undefined;
    },
  },
  {
    id: 'C6',
    about: 'a real nginx as docs/reverse-proxy.md has it',
    cause: undefined,
    servers: [PEER],
    async inject(world) {
      await putNginx(world, rightNginx(world.us.server.url ?? ''));
      return undefined;
    },
  },
  {
    id: 'C7',
    about: 'another Copse looks from outside, and sees us as we do',
    cause: undefined,
    vantage: THIRD,
    inject: async world => void (await world.third()),
  },
  {
    id: 'C8',
    about: 'our settings check no certificates, and that of the peer is worth nothing',
    cause: undefined,
    settings: { federation: federationWith({ verify_tls: false }) },
    async inject({ peer }) {
      peer.front.present(new TestAuthority('Unknown').issue({ names: ['other.test'] }));
      return undefined;
    },
  },
  {
    id: 'C9',
    about: 'both proxies answer the first request for each path with 502',
    cause: undefined,
    async inject({ us, peer }) {
      for (const { front } of [us, peer]) front.answering = onceFor(badGateway);
      return undefined;
    },
  },
  {
    id: 'C10',
    about: 'connections to both are reset the first time',
    cause: undefined,
    async inject({ us, peer }) {
      for (const { front } of [us, peer]) front.answering = onceFor((_, answer) => answer.destroy() !== undefined);
      return undefined;
    },
  },
];

const badGateway: Answering = (_, answer) => answer.writeHead(502).end('<h1>Bad Gateway</h1>') !== undefined;

/** Answers the first request of each method, path and size so. */
function onceFor(answering: Answering): Answering {
  const seen = new Set<string>();
  return (asked, answer) => {
    const { method, url, headers } = asked;
    const request = `${method} ${url} ${headers['content-length']}`;
    if (seen.has(request)) return false;
    seen.add(request);
    return answering(asked, answer);
  };
}
