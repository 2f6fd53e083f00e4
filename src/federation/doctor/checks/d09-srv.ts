import type { LookupFacts, RouteFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { quoted } from '../words.ts';
import { workingPlaces } from './reading.ts';

type Srv = Extract<LookupFacts, { what: 'srv' }>;

const EXPLAIN = `Without a .well-known that names a port, servers ask DNS for SRV records. Some name servers answer SERVFAIL or nothing to that
kind of question alone. Whoever insists on an answer cannot find the server then, and others can.
Found by asking for each record and looking at what came, apart from what the name has.
Helps: a .well-known/matrix/server with a port, for which nobody asks for SRV; or a name server that works.`;

export const theirSrv: Check = {
  cause: 'D09',
  title: 'DNS does not answer for their SRV records',
  scope: 'peer',
  explain: EXPLAIN,
  judge: ({ route, server }) =>
    route === null
      ? undefined
      : judged(route, server, 'it may have a record that says where it is, and we cannot read it'),
};

export const ourSrv: Check = {
  cause: 'D09',
  title: 'DNS does not answer for our SRV records',
  scope: 'us',
  explain: EXPLAIN,
  judge: ({ us }) =>
    us.front === null
      ? undefined
      : judged(us.front.route, us.server, 'servers that insist on an answer do not find us'),
};

function judged(route: RouteFacts, server: string, otherwise: string): Verdict | undefined {
  const silent = route.lookups.filter((each): each is Srv => each.what === 'srv' && each.error !== null);
  if (silent.length === 0) return undefined;
  const works = workingPlaces(route).length > 0;
  return {
    confidence: works ? 'likely' : 'proven',
    effect: works ? 'some servers find it and others do not' : otherwise,
    proof: [
      ...silent.map(({ name, error }) => `${name}: ${quoted(error ?? '')}`),
      ...(route.nameServers ?? []).map(
        ({ nameServer, srvError }) =>
          `asked alone, ${nameServer} ${srvError === null ? 'answers' : `says nothing: ${quoted(srvError)}`}`,
      ),
    ],
    repair: {
      kind: undefined,
      lines: [
        `https://${server}/.well-known/matrix/server with {"m.server": "HOST:PORT"} makes the records unnecessary`,
      ],
    },
  };
}
