import type { OwnFacts } from '../facts.ts';
import type { Repair } from '../verdict.ts';
import { quoted } from '../words.ts';

/** What to change in each kind of proxy. */
export interface ProxyLines {
  readonly nginx: readonly string[];
  readonly apache: readonly string[];
  readonly caddy: readonly string[];
}

const KINDS: readonly (readonly [kind: keyof ProxyLines, name: string, pattern: RegExp])[] = [
  ['nginx', 'nginx', /nginx|openresty/i],
  ['apache', 'Apache', /apache/i],
  ['caddy', 'Caddy', /caddy/i],
];

const RELOAD: Readonly<Record<keyof ProxyLines, string>> = {
  nginx: 'then: nginx -t && nginx -s reload',
  apache: 'then: apachectl configtest && apachectl graceful',
  caddy: 'then: caddy reload',
};

/** Where our listener for proxies is, as they name it. */
export function upstreamOf({ upstream }: OwnFacts): string {
  return upstream ?? 'http://127.0.0.1:8008';
}

/** A front that Copse has made it makes anew; of another one, the lines to change are told: by the name that it gives itself. */
export function proxyRepair(us: OwnFacts, lines: ProxyLines): Repair {
  const { madeFront } = us;
  if (madeFront != null)
    return {
      kind: 'renew_front',
      lines: [`make ${madeFront.file} anew as it should be, and have ${madeFront.program} take it up`],
    };
  const software = softwareOf(us);
  const known = KINDS.filter(([, , pattern]) => pattern.test(software ?? ''));
  const shown = known.length > 0 ? known : KINDS;
  return {
    kind: undefined,
    lines: [
      ...(software === undefined || known.length > 0 ? [] : [`what answers calls itself ${quoted(software)}`]),
      ...shown.flatMap(([kind, name]) => [`in ${name}:`, ...lines[kind].map(line => `  ${line}`), RELOAD[kind]]),
    ],
  };
}

/** What the proxy calls itself; Copse says nothing of the kind. */
function softwareOf({ front }: OwnFacts): string | undefined {
  const answers = front?.route.places.flatMap(place => place.answers) ?? [];
  return answers.flatMap(({ software }) => software ?? [])[0];
}
