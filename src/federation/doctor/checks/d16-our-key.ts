import type { Check } from '../verdict.ts';
import { countText, momentText } from '../words.ts';

export const ourKey: Check = {
  cause: 'D16',
  title: 'our old events are signed with a key that we do not publish',
  scope: 'us',
  explain: `After the signing key was lost or replaced, events that were signed with the old one can be checked by nobody who does not have
them yet: joins and history of our rooms fail elsewhere.
Found by comparing the key IDs on our own stored events with the keys that we publish, and by checking signatures with them.
Helps: publishing the old key again. Copse looks for it at notaries and other servers, checks it with its own events, and keeps it in
old-signing-keys in the data folder ("ed25519:ID PUBLIC_KEY EXPIRED_TS", one a line, where you have it yourself). Events whose
key nobody has it signs anew with the key of now.`,
  judge({ us }) {
    const lost = us.eventKeys.filter(key => !key.isPublished || key.holds === false);
    const events = lost.reduce((sum, { events }) => sum + events, 0);
    if (lost.length === 0) return undefined;
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
        kind: 'publish_keys',
        lines: [
          'look for the old key at notaries and at those who share rooms with us, see that it fits our events, and publish it',
          'sign events anew whose key nobody has',
        ],
      },
    };
  },
};
