import type { EchoFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText } from '../words.ts';

export const twoInstances: Check = {
  cause: 'D17',
  title: 'another process answers under our name as well',
  scope: 'us',
  explain: `A restored backup, a forgotten container or an old machine still answers under our name, with the same or another key. Requests go
now to one, now to the other; what the other takes is lost to us.
Found by asking our public name, on every address, for the process that it is.
Helps: stopping one of them.`,
  explains: ['D06', 'D07'],
  judge({ us }) {
    const echoes = us.front?.echoes ?? [];
    const others = echoes.filter(({ instance, errcode, status }) =>
      instance === null ? status === 404 && errcode === 'M_UNRECOGNIZED' : instance !== us.instance,
    );
    const named = others.filter(({ instance }) => instance !== null);
    if (others.length === 0 || (named.length === 0 && others.length === echoes.length)) return undefined;
    const ours = echoes.length - others.length;
    return {
      confidence: 'proven',
      effect: 'requests of other servers end up in a process whose data are not ours',
      proof: [
        `${countText(ours, 'request')} to our name came to this process, ${others.length} to another Matrix server`,
        ...new Set(others.map(placeOf)),
      ],
      repair: {
        kind: undefined,
        lines: ['find the other process (addresses above) and stop it, or take its address out of DNS and the proxy'],
      },
    };
  },
};

function placeOf({ address, port, instance }: EchoFacts): string {
  return `${address} port ${port}: ${instance ?? 'a server that knows nothing of this look'}`;
}
