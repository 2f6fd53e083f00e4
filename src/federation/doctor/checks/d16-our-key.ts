import type { Check } from '../verdict.ts';
import { countText, momentText } from '../words.ts';

export const ourKey: Check = {
  cause: 'D16',
  title: 'our old events are signed with a key that we do not publish',
  scope: 'us',
  explain: `After the signing key was lost or replaced, events that were signed with the old one can be checked by nobody who does not have
them yet: joins and history of our rooms fail elsewhere.
Found by comparing the key IDs on our own stored events with the keys that we publish, and by checking signatures with them.
Helps: listing the old key in old-signing-keys in the data folder: "ed25519:ID PUBLIC_KEY EXPIRED_TS", one a line.`,
  judge({ us }) {
    const lost = us.eventKeys.filter(key => !key.isPublished || key.holds === false);
    const events = lost.reduce((sum, { events }) => sum + events, 0);
    const [first] = lost;
    if (first === undefined) return undefined;
    const published = us.front?.keys.published;
    return {
      confidence: 'proven',
      effect: `other servers refuse at least ${countText(events, 'event')} of ours`,
      proof: [
        ...lost.map(({ id, events, newestAt, isPublished }) =>
          isPublished
            ? `${countText(events, 'event')} until ${momentText(newestAt)} carry ${id}, and the key published under that ID does not fit`
            : `${countText(events, 'event')} until ${momentText(newestAt)} are signed with ${id}, which is not published`,
        ),
        `we publish ${us.published.map(key => key.id).join(', ')}`,
        ...(published == null ? [] : [`under our name ${published.map(key => key.id).join(', ')} are published`]),
      ],
      repair: {
        kind: undefined,
        lines: [
          'find the old key (a backup of signing.key, or ask a notary: GET /_matrix/key/v2/query/OUR_NAME) and add it to old-signing-keys in the data folder:',
          `  ${first.id} PUBLIC_KEY ${first.newestAt + 1}`,
        ],
      },
    };
  },
};
