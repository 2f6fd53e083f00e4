import type { EchoFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { quoted } from '../words.ts';
import { proxyRepair, upstreamOf } from './proxy-lines.ts';

export const pathBytes: Check = {
  cause: 'D06',
  title: 'our proxy changes the bytes of paths',
  scope: 'us',
  explain: `A request of another server is signed over its path as it was sent. A proxy that decodes %21 or %2F, merges slashes, or puts
the path together anew changes what was signed: we must refuse it (401), and only for paths with room or event IDs in them, so
that /send works while joins and history fail.
Found by asking our own public name for a path with such bytes and comparing what arrived.
Helps: in nginx proxy_pass without a path or slash at its end; in Apache nocanon and AllowEncodedSlashes NoDecode.`,
  judge({ us }) {
    const echoes = us.front?.echoes ?? [];
    const changed = echoes.filter(echo => echo.target !== null && echo.target !== echo.sent);
    const [first] = changed;
    if (first === undefined) return undefined;
    return {
      confidence: 'proven',
      effect: `requests of other servers about rooms and events fail with 401 (${changed.length} of ${echoes.length} that were tried): joins, history, missing events`,
      proof: [`sent:    ${first.sent}`, `arrived: ${quoted(first.target ?? '', 300)}`, ...differences(first)],
      repair: proxyRepair(us, {
        nginx: [`proxy_pass ${upstreamOf(us)};   # no slash, no path, no $uri at the end, and no rewrite before it`],
        apache: [`ProxyPass "/" "${upstreamOf(us)}/" nocanon`, 'AllowEncodedSlashes NoDecode'],
        caddy: [`reverse_proxy ${upstreamOf(us)}   # without uri, rewrite or handle_path`],
      }),
    };
  },
};

function differences({ sent, target }: EchoFacts): string[] {
  const arrived = target ?? '';
  const notes = [
    [sent.includes('%2F') && !arrived.includes('%2F'), 'the %2F was decoded'],
    [sent.includes('%21') && !arrived.includes('%21'), 'the %21 was decoded'],
    [sent.includes('//') && !arrived.includes('//'), 'two slashes were made one'],
    [sent.includes('%20') && !arrived.includes('%20'), 'the query was written anew'],
  ] as const;
  return notes.flatMap(([isSo, text]) => (isSo ? [text] : []));
}
