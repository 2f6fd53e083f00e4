import type { LookupFacts, OwnFacts, RouteFacts } from '../facts.ts';
import type { Check, Repair } from '../verdict.ts';
import { quoted } from '../words.ts';
import { proxyRepair, upstreamOf } from './proxy-lines.ts';
import { certificateErrorIn, workingPlaces } from './reading.ts';

type WellKnown = Extract<LookupFacts, { what: 'well-known' }>;

const EXPLAIN = `https://NAME/.well-known/matrix/server says where a server is. Where it is missing, is no JSON (a page with status 200),
leads in circles, or names the wrong host or port, other servers fall back to port 8448 of the name itself, or go astray.
Found by reading it as the specification says and comparing it with the settings.
Helps: let Copse serve it: pass /.well-known/matrix/ of the name on to it.`;

export const ourWellKnown: Check = {
  cause: 'D08',
  title: 'our .well-known does not lead to us',
  scope: 'us',
  explain: EXPLAIN,
  explains: ['D01', 'D07', 'D12', 'D13', 'D20'],
  judge({ us }) {
    const { front } = us;
    const asked = front === null ? undefined : wellKnownIn(front.route);
    if (front === null || asked === undefined) return undefined;
    // That is the certificate's fault: D13.
    if (certificateErrorIn(asked.error) !== undefined) return undefined;
    const isAsExpected = front.expected === null ? asked.error === null : asked.delegatedTo === front.expected;
    const works = workingPlaces(front.route).length > 0;
    // Without it, the name itself has to do.
    if (isAsExpected || (works && asked.delegatedTo === null && front.expected === null)) return undefined;
    return {
      // Where there is no answer at all, it may be our own way there that is cut.
      confidence: asked.status === null ? 'likely' : 'proven',
      effect: works ? 'other servers take a way to us that is not the intended one' : 'other servers do not find us',
      proof: [
        wellKnownText(asked),
        ...(front.expected === null ? [] : [`by our settings it should say ${front.expected}`]),
      ],
      repair: wellKnownRepair(us, asked.urls[0], front.expected),
    };
  },
};

export const theirWellKnown: Check = {
  cause: 'D08',
  title: 'their .well-known does not lead to them',
  scope: 'peer',
  explain: EXPLAIN,
  explains: ['D02', 'D07', 'D12', 'D13', 'D33'],
  judge({ route, server }) {
    const asked = route === null ? undefined : wellKnownIn(route);
    if (route === null || asked === undefined || workingPlaces(route).length > 0) return undefined;
    // Nothing there is what a server without delegation says.
    const isBroken = asked.status !== null && asked.status !== 404 && asked.delegatedTo === null;
    if (!isBroken) return undefined;
    return {
      confidence: 'proven',
      effect: 'we do not find it, and others do not either',
      proof: [wellKnownText(asked), 'without it, no address of the name itself works'],
      repair: { kind: undefined, lines: [`tell the administrators of ${server} what their .well-known answers`] },
    };
  },
};

function wellKnownRepair(us: OwnFacts, url: string | undefined, expected: string | null): Repair {
  const to = upstreamOf(us);
  const { kind, lines } = proxyRepair(us, {
    nginx: [`location /.well-known/matrix/ { proxy_pass ${to}; }`],
    apache: [`ProxyPass "/.well-known/matrix" "${to}/.well-known/matrix"`],
    caddy: [`reverse_proxy /.well-known/matrix/* ${to}`],
  });
  const wanted = `${url ?? 'it'} must answer {"m.server": "${expected ?? 'HOST:PORT'}"} with status 200`;
  return { kind, lines: [wanted, ...lines] };
}

function wellKnownIn({ lookups }: RouteFacts): WellKnown | undefined {
  return lookups.find(each => each.what === 'well-known');
}

function wellKnownText({ urls, status, delegatedTo, error }: WellKnown): string {
  const said = delegatedTo === null ? `no delegation (${quoted(error ?? 'nothing')})` : `"${quoted(delegatedTo)}"`;
  return `${quoted(urls.join(' -> '), 300)} answers ${status ?? 'nothing'}: ${said}`;
}
