import type { Check } from '../verdict.ts';
import { bytesText } from '../words.ts';
import { proxyRepair } from './proxy-lines.ts';
import { UNSIGNED } from './reading.ts';

/** The proxy found nobody behind it, or wanted patience: that is not about how large a body is. */
const IS_AWAY = new Set([429, 502, 503, 504]);

export const ourBodyLimit: Check = {
  cause: 'D05',
  title: 'our proxy refuses large requests',
  scope: 'us',
  explain: `A transaction of another server may have several megabytes; nginx takes one unless told otherwise. It answers 413 itself, so
that our log shows nothing, and the other server begins to back off from us.
Found by sending bodies of several sizes to our own public name and looking for who answers.
Helps: a limit above media.max_upload and 12 MB in every proxy in front: client_max_body_size 60m; in nginx.`,
  explains: ['D01', 'D20'],
  judge({ us }) {
    const bodies = us.front?.bodies ?? [];
    const isTaken = (body: (typeof bodies)[number]) => body.errcode === UNSIGNED;
    const small = bodies.some(isTaken);
    const largest = Math.max(...bodies.filter(isTaken).map(({ bytes }) => bytes));
    const refused = bodies
      .filter(body => !isTaken(body) && body.bytes > largest && !IS_AWAY.has(body.status ?? 0))
      .sort((a, b) => a.bytes - b.bytes)[0];
    if (!small || refused === undefined) return undefined;
    return {
      confidence: refused.status === 413 ? 'proven' : 'likely',
      effect: `transactions of other servers of more than ${bytesText(largest)} do not arrive, and those servers back off from us`,
      proof: [
        `a request of ${bytesText(largest)} to ${us.server} reached this process`,
        `one of ${bytesText(refused.bytes)} did not: ${refused.status ?? refused.error ?? 'no answer'}`,
      ],
      repair: proxyRepair(us, {
        nginx: ['client_max_body_size 60m;   # in `server` or `location`'],
        apache: ['LimitRequestBody 62914560'],
        caddy: ['request_body { max_size 60MB }'],
      }),
    };
  },
};
