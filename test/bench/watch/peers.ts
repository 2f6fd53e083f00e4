/**
 * Two thousand servers by script, in a process of its own so that what they cost is not counted: `host.peers.test` for any
 * host. They have keys, know what rooms end with, and count what they are asked. Talks to its parent by messages.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Front } from '../../doctor/front.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { identityOf } from '../../support/federation.ts';
import { DAY_MS, keyAnswer } from '../../support/key-servers.ts';

export interface Told {
  /** What each room ends with. */
  readonly heads?: Readonly<Record<string, string>>;
  readonly counts?: true;
}

const heads = new Map<string, string>();
const counts = new Map<string, number>();
const authority = new TestAuthority();
const front = await Front.open(authority.issue({ names: ['*.peers.test'] }), () => undefined);
front.answering = answer;
process.on('message', ({ heads: told, counts: isAsked }: Told) => {
  for (const [room, head] of Object.entries(told ?? {})) heads.set(room, head);
  if (isAsked === undefined) return void process.send?.({ ready: true });
  process.send?.({ counts: Object.fromEntries(counts) });
  counts.clear();
});
process.send?.({ port: front.port, certificate: authority.certificate });

function answer({ url = '', headers }: IncomingMessage, response: ServerResponse): true {
  front.seen.length = 0;
  const [kind, status, body] = answered(decodeURIComponent(url), String(headers.host).replace(/:\d+$/, ''));
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return true;
}

function answered(path: string, host: string): readonly [kind: string, status: number, body: object] {
  if (path.startsWith('/_matrix/key/')) {
    const seed = Number(/\d+/.exec(host)?.[0] ?? 0) % 250;
    return ['keys', 200, keyAnswer(identityOf(host, seed, 'ed25519:script'), Date.now() + 30 * DAY_MS)];
  }
  if (path === '/_matrix/federation/v1/version') return ['version', 200, { server: { name: 'Script', version: '1' } }];
  const [, room, user = ''] = /make_leave\/([^/]+)\/([^/?]+)/.exec(path) ?? [];
  const head = room === undefined ? undefined : heads.get(room);
  if (head === undefined)
    return [path.includes('/send/') ? 'send' : 'other', 404, { errcode: 'M_NOT_FOUND', error: 'no' }];
  const event = { type: 'm.room.member', room_id: room, sender: user, state_key: user, prev_events: [head] };
  return ['make_leave', 200, { room_version: '12', event: { ...event, auth_events: [], depth: 10, content: {} } }];
}
