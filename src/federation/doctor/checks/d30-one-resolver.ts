import type { Facts, NameServerFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText, quoted, someText, spanText } from '../words.ts';
import { examined } from './reading.ts';

export const oneResolverDead: Check = {
  cause: 'D30',
  title: 'one of our DNS resolvers does not answer, and another does',
  scope: 'us',
  explain: `Every question that goes to a dead name server first waits until it is given up: requests to other servers come seconds late, now
and then and for no reason that shows, and some are given up.
Found by asking each name server of the machine alone for names that another one of them knows.
Helps: taking it out of /etc/resolv.conf, or mending it.`,
  judge(facts) {
    const dead = [...Map.groupBy(answers(facts), ({ nameServer }) => nameServer)].filter(([, these]) =>
      these.every(each => each.error !== null && isKnownElsewhere(each, facts)),
    );
    const [first] = dead;
    if (first === undefined) return undefined;
    const names = new Set(dead.flatMap(([, these]) => these.map(({ host }) => host)));
    const slowest = Math.max(...dead.flatMap(([, these]) => these.map(({ took }) => took)));
    return {
      confidence: names.size > 1 ? 'proven' : 'likely',
      effect: `what is asked there first comes ${spanText(slowest)} late, or not at all (${countText(names.size, 'name')} tried)`,
      proof: dead.map(
        ([nameServer, these]) =>
          `${nameServer} says nothing about ${someText(these.map(({ host }) => host))}: ${quoted(these[0]?.error ?? '')}; ${knowers(these, facts)} does`,
      ),
      repair: {
        kind: undefined,
        lines: dead.map(([nameServer]) => `take "nameserver ${nameServer}" out of /etc/resolv.conf, or mend it`),
      },
    };
  },
};

function answers(facts: Facts): readonly NameServerFacts[] {
  const routes = [facts.us.front?.route, ...examined(facts).map(({ route }) => route)];
  return routes.flatMap(route => route?.nameServers ?? []);
}

function isKnownElsewhere({ host }: NameServerFacts, facts: Facts): boolean {
  return answers(facts).some(other => other.host === host && other.error === null);
}

function knowers(these: readonly NameServerFacts[], facts: Facts): string {
  const others = answers(facts).filter(each => each.error === null && these.some(({ host }) => host === each.host));
  return someText([...new Set(others.map(({ nameServer }) => nameServer))]);
}
