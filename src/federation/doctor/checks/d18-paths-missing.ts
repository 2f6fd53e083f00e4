import type { Check } from '../verdict.ts';
import { countText, someText } from '../words.ts';
import { proxyRepair, upstreamOf } from './proxy-lines.ts';
import { isArrived } from './reading.ts';

export const pathsMissing: Check = {
  cause: 'D18',
  title: 'some paths of the federation API do not arrive here',
  scope: 'us',
  explain: `A proxy passes paths on one by one, or by version: /_matrix/federation/v1 and not v2, or /_matrix/federation and not /_matrix/key
or /_matrix/media. What is left out is answered by somebody else, with 404.
Found by asking our public name for every path that other servers call.
Helps: passing all of /_matrix on.`,
  explains: ['D01', 'D20'],
  judge({ us }) {
    const paths = us.front?.paths ?? [];
    const missing = paths.filter(path => !isArrived(path));
    // Where nothing arrives, that is the matter.
    if (missing.length === 0 || missing.length === paths.length) return undefined;
    return {
      confidence: 'proven',
      effect: 'what other servers ask there fails, and everything else works',
      proof: [
        `${countText(missing.length, 'path')} of ${paths.length} did not arrive:`,
        ...missing.slice(0, 5).map(({ method, path, status }) => `${method} ${path}: ${status ?? 'no answer'}`),
        ...(missing.length > 5 ? [someText(missing.slice(5).map(({ path }) => path))] : []),
      ],
      repair: proxyRepair(us, {
        nginx: [`location /_matrix { proxy_pass ${upstreamOf(us)}; }   # and no other location below it`],
        apache: [`ProxyPass "/_matrix" "${upstreamOf(us)}/_matrix" nocanon`, 'AllowEncodedSlashes NoDecode'],
        caddy: [`reverse_proxy /_matrix/* ${upstreamOf(us)}`],
      }),
    };
  },
};
