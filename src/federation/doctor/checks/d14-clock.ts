import type { Check } from '../verdict.ts';
import { countText, spanText } from '../words.ts';
import { clockOffset, examined, median } from './reading.ts';

/** Signatures and keys have bounds of hours; certificates can begin in the minute before they are used. */
const SKEW_MS = 60_000;

const EXPLAIN = `Keys, certificates and events carry times. A clock that is wrong by minutes makes new certificates "not yet valid"; by hours, keys
"expired" and messages out of order.
Found by the Date headers of other servers: when several agree and we do not, it is ours; when one differs from all, it is that one's.
Helps: NTP: timedatectl set-ntp true`;

export const ourClock: Check = {
  cause: 'D14',
  title: 'our clock is wrong',
  scope: 'us',
  explain: EXPLAIN,
  judge(facts) {
    const offsets = examined(facts).flatMap(peer => clockOffset(peer.route) ?? []);
    const middle = median(offsets);
    const agreeing = offsets.filter(offset => Math.abs(offset - middle) < SKEW_MS);
    if (agreeing.length < 2 || Math.abs(middle) < SKEW_MS) return undefined;
    return {
      confidence: agreeing.length >= 3 ? 'proven' : 'likely',
      effect: `keys and certificates look expired or not yet valid; our events carry times that are ${spanText(middle)} wrong`,
      proof: [
        `${countText(agreeing.length, 'server')} agree that it is ${spanText(middle)} ${middle > 0 ? 'later' : 'earlier'} than our clock says`,
      ],
      repair: { kind: undefined, lines: ['timedatectl set-ntp true', 'timedatectl timesync-status'] },
    };
  },
};

export const theirClock: Check = {
  cause: 'D14',
  title: 'their clock is wrong',
  scope: 'peer',
  explain: EXPLAIN,
  judge(peer, facts) {
    const offset = clockOffset(peer.route);
    if (offset === undefined || Math.abs(offset) < SKEW_MS) return undefined;
    const others = examined(facts)
      .filter(each => each !== peer)
      .flatMap(each => clockOffset(each.route) ?? []);
    // Where the others say the same it is ours.
    if (others.some(each => Math.abs(each - offset) < SKEW_MS)) return undefined;
    return {
      confidence: others.length >= 2 ? 'proven' : 'likely',
      effect: `its keys and events carry times that are ${spanText(offset)} wrong`,
      proof: [
        `its clock is ${spanText(offset)} ${offset > 0 ? 'ahead of' : 'behind'} ours`,
        others.length === 0
          ? 'no other server was asked, so it may be ours'
          : `${countText(others.length, 'other server')} differ from it as well`,
      ],
      repair: { kind: undefined, lines: [`tell the administrators of ${peer.server}`] },
    };
  },
};
