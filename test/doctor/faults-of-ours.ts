import { TestAuthority } from '../support/certificates.ts';
import { FakeInternet } from '../support/fake-internet.ts';
import { DAY_MS } from '../support/key-servers.ts';
import { type DoctorWorld, THIRD, US } from './doctor-world.ts';
import type { Fault } from './fault.ts';
import { Front } from './front.ts';
import { Nginx } from './nginx.ts';

const WELL_KNOWN = `https://${US}/.well-known/matrix/server`;

/** Faults on our own side: what stands in front of us, and what others see of us. */
export const FAULTS_OF_OURS: readonly Fault[] = [
  behindNginx('F05', 'nginx with its own body limit of 1 MB', 'D05', up => `location / { proxy_pass ${up}; }`),
  behindNginx('F06', 'nginx: proxy_pass with a slash at its end', 'D06', up =>
    large(`location / { proxy_pass ${up}/; }`),
  ),
  behindNginx('F07', 'nginx decodes %2F: a rewrite on the way', 'D06', up =>
    large(`location / { rewrite ^(.*)$ $1 break; proxy_pass ${up}; }`),
  ),
  behindNginx('F08', 'nginx merges slashes: proxy_pass with $uri', 'D06', up =>
    large(`location / { proxy_pass ${up}$uri$is_args$args; }`),
  ),
  behindNginx('F09', 'nginx: another virtual host answers under our name', 'D07', () => `location / { return 404; }`),
  behindNginx('F26b', 'nginx passes /_matrix/federation/v1 on, and neither v2 nor keys', 'D18', up =>
    large(`location /_matrix/federation/v1 { proxy_pass ${up}; } location / { return 404; }`),
  ),
  {
    id: 'F10',
    about: 'our address shows the certificate of another site',
    cause: 'D07',
    async inject({ us, authority }) {
      us.front.present(authority.issue({ names: ['other.test'] }));
      return undefined;
    },
  },
  {
    id: 'F11',
    about: 'our certificate is sent without the one between',
    cause: 'D13',
    async inject({ us }) {
      us.front.present(new TestAuthority('Between').issue({ names: [US] }));
      return undefined;
    },
  },
  {
    id: 'F12',
    about: 'our certificate is over',
    cause: 'D13',
    async inject({ us, authority }) {
      us.front.present(authority.issue({ names: [US], expired: true }));
      return undefined;
    },
  },
  {
    id: 'F12c',
    about: 'our certificate ends in five days',
    cause: 'D13',
    async inject({ us, authority }) {
      const good = { from: Date.now() - 85 * DAY_MS, until: Date.now() + 5 * DAY_MS };
      us.front.present(authority.issue({ names: [US], good }));
      return undefined;
    },
  },
  {
    id: 'F12d',
    about: 'our certificate is of an authority that only our own settings believe',
    cause: 'D13',
    async inject({ us, privateAuthority }) {
      us.front.present(privateAuthority.issue({ names: [US] }));
      return undefined;
    },
  },
  {
    id: 'F13',
    about: 'our .well-known redirects (308) to what is not https',
    cause: 'D08',
    async inject({ internet }) {
      internet.page(WELL_KNOWN, { status: 308, headers: { location: 'http://us.test/' } });
      return undefined;
    },
  },
  {
    id: 'F14',
    about: 'our .well-known names the wrong port',
    cause: 'D08',
    async inject({ internet }) {
      internet.delegate(US, `${US}:1`);
      return undefined;
    },
  },
  {
    id: 'F15',
    about: 'our .well-known answers a page with status 200',
    cause: 'D08',
    async inject({ internet }) {
      internet.page(WELL_KNOWN, { body: '<html>Welcome</html>' });
      return undefined;
    },
  },
  {
    id: 'F16b',
    about: 'DNS answers SERVFAIL for our SRV records, and our .well-known names no port',
    cause: 'D09',
    async inject(world) {
      world.delegateUs(US);
      world.internet.records[`_matrix-fed._tcp.${US}`] = 'silent';
      return undefined;
    },
  },
  {
    id: 'F17b',
    about: 'one of our two name servers says nothing',
    cause: 'D30',
    async inject({ internet }) {
      internet.silent.add('192.0.2.53');
      return undefined;
    },
  },
  {
    id: 'F26',
    about: 'a proxy does not pass /_matrix/federation/v2 on',
    cause: 'D18',
    async inject({ us }) {
      us.front.answering = ({ url = '' }, answer) =>
        url.startsWith('/_matrix/federation/v2/') && answer.writeHead(404).end('<h1>Not Found</h1>') !== undefined;
      return undefined;
    },
  },
  {
    id: 'F34',
    about: 'a second address of our name leads to another process',
    cause: 'D17',
    async inject(world) {
      const { us, peer, authority, internet } = world;
      const other = await Front.open(
        authority.issue({ names: [US] }),
        () => peer.server.url,
        '127.0.0.2',
        us.front.port,
      );
      world.defer(() => other[Symbol.asyncDispose]());
      internet.addresses[US] = ['127.0.0.1', '127.0.0.2'];
      return undefined;
    },
  },
  {
    id: 'F35',
    about: 'a router lets nobody in from outside, and we reach ourselves',
    cause: 'D12',
    vantage: THIRD,
    async inject(world) {
      const outside = new FakeInternet();
      outside.addresses[US] = ['127.0.0.99'];
      outside.delegate(US, `${US}:${world.us.front.port}`);
      await world.third(outside);
      return undefined;
    },
  },
];

function large(locations: string): string {
  return `client_max_body_size 60m; ${locations}`;
}

/** A fault of the configuration of a real nginx in front of us. */
function behindNginx(
  id: string,
  about: string,
  cause: NonNullable<Fault['cause']>,
  server: (upstream: string) => string,
): Fault {
  return {
    id,
    about,
    cause,
    async inject(world) {
      await putNginx(world, server(world.us.server.url ?? ''));
      return undefined;
    },
  };
}

/** A right one: what docs/reverse-proxy.md says. */
export function rightNginx(upstream: string): string {
  return `client_max_body_size 60m; location / { proxy_pass ${upstream}; proxy_http_version 1.1; proxy_set_header Host $host; }`;
}

export async function putNginx(world: DoctorWorld, server: string): Promise<void> {
  const nginx = await Nginx.open(world.authority.issue({ names: [US] }), server);
  world.defer(() => nginx[Symbol.asyncDispose]());
  // Where we say that we are is decided by the settings, so nginx takes the place of what was there.
  world.delegateUs(`${US}:${nginx.port}`);
}
