import type { Check } from '../verdict.ts';
import { countText, momentText, someText } from '../words.ts';

export const deviceLists: Check = {
  cause: 'D32',
  title: 'the devices of its users are not known as they are',
  scope: 'peer',
  explain: `A server tells of new devices by messages with numbers. Where one is missing, the whole list of that user has to be asked for; until
then messages are not encrypted for the new device, and it shows "unable to decrypt".
Found in the table of device lists that are wanted, where the server did not give them when it was asked; and by asking it for the
devices of the twenty users with most of them whose lists we took to be right.
Helps: asking again, which goes on by itself; Copse does it at once.`,
  judge({ receiving }) {
    const lists = receiving?.deviceLists;
    const { wanted = 0, failures = 0, triedAt = 0, outdated = [] } = lists ?? {};
    const inVain = failures > 0 ? wanted : 0;
    if (inVain + outdated.length === 0) return undefined;
    const asked = `${countText(wanted, 'device list')} to be had anew, asked in vain ${countText(failures, 'time')}, last ${momentText(triedAt)}`;
    return {
      confidence: 'proven',
      effect: `messages may be unreadable on devices of ${countText(inVain + outdated.length, 'user')} of it`,
      proof: [
        ...(inVain > 0 ? [asked] : []),
        ...(outdated.length > 0 ? [`it names other devices than we have of ${someText(outdated)}`] : []),
      ],
      repair: { kind: 'fetch_devices', lines: ['ask it for the device lists now'] },
    };
  },
};
