import type { Check } from '../verdict.ts';
import { countText, momentText } from '../words.ts';

export const deviceLists: Check = {
  cause: 'D32',
  title: 'the devices of its users are not known as they are',
  scope: 'peer',
  explain: `A server tells of new devices by messages with numbers. Where one is missing, the whole list of that user has to be asked for; until
then messages are not encrypted for the new device, and it shows "unable to decrypt".
Found in the table of device lists that are wanted, where the server did not give them when it was asked.
Helps: asking again, which goes on by itself; Copse does it at once.`,
  judge({ receiving }) {
    const lists = receiving?.deviceLists;
    if (lists === undefined || lists.wanted === 0 || lists.failures === 0) return undefined;
    return {
      confidence: 'proven',
      effect: `messages may be unreadable on devices of ${countText(lists.wanted, 'user')} of it`,
      proof: [
        `${countText(lists.wanted, 'device list')} to be had anew, asked in vain ${countText(lists.failures, 'time')}, last ${momentText(lists.triedAt)}`,
      ],
      repair: { kind: 'fetch_devices', lines: ['ask it for the device lists now'] },
    };
  },
};
