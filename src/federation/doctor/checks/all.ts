import type { Check } from '../verdict.ts';
import { theyBackOff } from './d01-they-back-off.ts';
import { weBackOff } from './d02-we-back-off.ts';
import { tooLarge } from './d03-too-large.ts';
import { poisoned } from './d04-poisoned.ts';
import { ourBodyLimit } from './d05-our-body-limit.ts';
import { pathBytes } from './d06-path-bytes.ts';
import { wrongHost } from './d07-wrong-host.ts';
import { ourWellKnown, theirWellKnown } from './d08-well-known.ts';
import { ourSrv, theirSrv } from './d09-srv.ts';
import { ourFamily, theirFamily } from './d10-broken-ipv6.ts';
import { largeStalls } from './d11-large-stalls.ts';
import { nobodyComesIn } from './d12-nobody-comes-in.ts';
import { portBlocked } from './d12-port-blocked.ts';
import { ourCertificate, theirCertificate } from './d13-certificate.ts';
import { ourCertificateEnds } from './d13-certificate-ends.ts';
import { ourClock, theirClock } from './d14-clock.ts';
import { theirKeys } from './d15-their-keys.ts';
import { ourKey } from './d16-our-key.ts';
import { goneBack } from './d17-gone-back.ts';
import { twoInstances } from './d17-two-instances.ts';
import { pathsMissing } from './d18-paths-missing.ts';
import { workNotDone } from './d19-work-not-done.ts';
import { missingEvents } from './d20-missing-events.ts';
import { stateNotFound } from './d21-state-not-found.ts';
import { roomHoldsUp } from './d22-room-holds-up.ts';
import { ourLimit, rateLimit } from './d23-rate-limit.ts';
import { refusedEvents } from './d24-refused-events.ts';
import { stateDiffers } from './d25-state-differs.ts';
import { acl } from './d26-acl.ts';
import { unknownVersion } from './d27-unknown-version.ts';
import { manyExtremities } from './d28-extremities.ts';
import { roomNotWhole } from './d29-room-not-whole.ts';
import { oneResolverDead } from './d30-one-resolver.ts';
import { resolverDead } from './d30-resolver.ts';
import { weFail } from './d31-we-fail.ts';
import { deviceLists } from './d32-device-lists.ts';
import { gone } from './d33-gone.ts';

/** Every check, in the order of the causes. To add one, add a line; test/doctor has a fault for each. */
export const CHECKS: readonly Check[] = [
  theyBackOff,
  weBackOff,
  tooLarge,
  poisoned,
  ourBodyLimit,
  pathBytes,
  wrongHost,
  ourWellKnown,
  theirWellKnown,
  ourSrv,
  theirSrv,
  ourFamily,
  theirFamily,
  largeStalls,
  nobodyComesIn,
  portBlocked,
  ourCertificate,
  theirCertificate,
  ourCertificateEnds,
  ourClock,
  theirClock,
  theirKeys,
  ourKey,
  twoInstances,
  goneBack,
  pathsMissing,
  workNotDone,
  missingEvents,
  stateNotFound,
  roomHoldsUp,
  ourLimit,
  rateLimit,
  refusedEvents,
  stateDiffers,
  acl,
  unknownVersion,
  manyExtremities,
  roomNotWhole,
  resolverDead,
  oneResolverDead,
  weFail,
  deviceLists,
  gone,
];
