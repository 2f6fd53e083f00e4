import { type Clock, sleep } from '../../../base/clock.ts';
import type { ServerName } from '../../../core/ids.ts';
import { deviceServer, putDeviceServer } from '../../devices/device-server.table.ts';
import { LISTS_WANTED_SUBJECT } from '../../devices/list-servers.ts';
import { ALOUD, countWanted, doubtLists, wantLists } from '../../devices/remote-device-list.table.ts';
import { gatherOutdated, type OutdatedParts } from '../gather/outdated-lists.ts';
import { PAUSE_MS } from '../gather/twice.ts';
import { countText } from '../words.ts';

const LONGEST_MS = 20_000;
const LOOK_MS = 200;

/** Has a server asked for the device lists that are wanted, now, and for those that are not as it has them. */
export async function fetchDevices(parts: OutdatedParts, server: ServerName): Promise<string[]> {
  const { db, bus, clock, nids } = parts.rooms;
  const domainNid = await nids.domains.findOne(db, server);
  if (domainNid === undefined) return ['nothing is wanted of it'];
  const outdated = await nids.users.find(db, await gatherOutdated(parts, server, domainNid, PAUSE_MS));
  await db.tx(async tx => {
    await doubtLists(tx, [...outdated.values()]);
    // Clients have what is wrong: they are told when it is right.
    await wantLists(tx, [...outdated.values()], ALOUD);
    await putDeviceServer(tx, { domain_nid: domainNid, due: clock.now(), tried: 0, failures: 0 });
  });
  bus.publish(LISTS_WANTED_SUBJECT);
  const isTried = async () => {
    const standing = await deviceServer(db, domainNid);
    return standing === undefined || standing.tried > 0;
  };
  await until(clock, isTried);
  const left = await countWanted(db, domainNid);
  return [
    left === 0 ? 'asked it for the device lists: all came' : `asked it; ${countText(left, 'device list')} still wanted`,
  ];
}

async function until(clock: Clock, isSo: () => Promise<boolean>): Promise<void> {
  for (const began = clock.monotonic(); clock.monotonic() - began < LONGEST_MS; await sleep(clock, LOOK_MS))
    if (await isSo()) return;
}
