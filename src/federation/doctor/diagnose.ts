import { CHECKS } from './checks/all.ts';
import { doubtsAbout } from './checks/certificate-words.ts';
import { heardAt, transferAnswer, workingPlaces } from './checks/reading.ts';
import type { Facts, PeerFacts } from './facts.ts';
import type { Cause, Check, Finding, Verdict } from './verdict.ts';
import { countText, quoted, spanText } from './words.ts';

/** Never `healthy` by assumption: what was not seen to work is not provable. */
export type Health = 'healthy' | 'sick' | 'not provable';

/** What is thought of one server, ours or another. */
export interface ServerDiagnosis {
  readonly server: string;
  readonly health: Health;
  /** Since when something is wrong, as far as the facts tell: what is known to have begun first. */
  readonly since: number | null;
  readonly findings: readonly Finding[];
  /** What would have to be seen before the server could be called healthy. */
  readonly unproven: readonly string[];
}

export interface PeerDiagnosis extends ServerDiagnosis {
  /** When it sent us something last. */
  readonly heardAt: number | null;
}

export interface Diagnosis {
  readonly takenAt: number;
  readonly us: ServerDiagnosis;
  readonly peers: readonly PeerDiagnosis[];
}

/** What the facts mean. Pure: the same facts give the same diagnosis, today and from a file. */
export function diagnose(facts: Facts, checks: readonly Check[] = CHECKS): Diagnosis {
  const own = judgementsOfUs(facts, checks);
  const ours = inOrder(own, []);
  const unproven = unprovenOfUs(facts);
  return {
    takenAt: facts.takenAt,
    us: { ...judged(ours, unproven), server: facts.us.server },
    peers: facts.peers.map(peer => diagnosePeer(peer, facts, checks, own)),
  };
}

/** By what is seen from here, and what another server sees of us: what is found both ways is told once. */
function judgementsOfUs(facts: Facts, checks: readonly Check[]): Judgement[] {
  const judge = (seen: Facts) => judgements(checks, check => (check.scope === 'us' ? check.judge(seen) : undefined));
  const found = judge(facts);
  const { outside } = facts.us;
  if (outside?.front == null) return found;
  const fromOutside = judge({ ...facts, us: { ...facts.us, front: outside.front } })
    .filter(({ check }) => !found.some(each => each.check === check))
    .map(({ check, verdict }) => ({
      check,
      verdict: { ...verdict, proof: [`as ${outside.vantage} sees it from outside:`, ...verdict.proof] },
    }));
  return [...found, ...fromOutside];
}

type Judgement = { readonly check: Check; readonly verdict: Verdict };

function diagnosePeer(
  peer: PeerFacts,
  facts: Facts,
  checks: readonly Check[],
  own: readonly Judgement[],
): PeerDiagnosis {
  const found = judgements(checks, check => (check.scope === 'peer' ? check.judge(peer, facts) : undefined));
  const findings = inOrder(found, own);
  const unproven = unprovenOfPeer(peer, facts.takenAt);
  const heard = heardAt(peer);
  return { ...judged(findings, unproven), server: peer.server, heardAt: heard === 0 ? null : heard };
}

function judged(findings: readonly Finding[], unproven: readonly string[]): Omit<ServerDiagnosis, 'server'> {
  const since = Math.min(...findings.map(finding => finding.since ?? Number.POSITIVE_INFINITY));
  return {
    health: healthOf(findings, unproven),
    since: Number.isFinite(since) ? since : null,
    ...{ findings, unproven },
  };
}

function judgements(checks: readonly Check[], judge: (check: Check) => Verdict | undefined): Judgement[] {
  return checks.flatMap(check => {
    const verdict = judge(check);
    return verdict === undefined ? [] : [{ check, verdict }];
  });
}

/** What explains others comes first, then what is proven, then in the order of the causes. */
function inOrder(found: readonly Judgement[], outer: readonly Judgement[]): Finding[] {
  const findings = found.map(({ check, verdict }): Finding => {
    const { cause, title } = check;
    return { ...verdict, cause, title, because: explainerOf(cause, found) ?? explainerOf(cause, outer) };
  });
  const rank = ({ because, confidence }: Finding) =>
    (because === undefined ? 0 : 2) + (confidence === 'proven' ? 0 : 1);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

function explainerOf(cause: Cause, found: readonly Judgement[]): Cause | undefined {
  return found.find(({ check }) => check.cause !== cause && check.explains?.includes(cause))?.check.cause;
}

function healthOf(findings: readonly Finding[], unproven: readonly string[]): Health {
  if (findings.length > 0) return 'sick';
  return unproven.length > 0 ? 'not provable' : 'healthy';
}

const MANY_HEADS = 10;
const RECENT_MS = 24 * 3_600_000;

/** Whether others reach us, only others can tell: what is seen from here is the way from here. */
function unprovenOfUs({ us, takenAt }: Facts): string[] {
  const heard =
    us.heardAt === null
      ? 'and nobody has sent us a signed request since the start'
      : `only the last inbound request ${spanText(takenAt - us.heardAt)} ago, from ${countText(us.heardFrom, 'server')} in the last day`;
  const inbound = isReachedFromOutside(us)
    ? []
    : [
        `inbound from outside: not proven${us.outside?.error == null ? '' : ` (${us.outside.vantage} could not look: ${quoted(us.outside.error)})`}, ${heard}`,
      ];
  const front = us.front === null ? ['our own public name was not looked at'] : [];
  const works =
    us.front !== null && workingPlaces(us.front.route).length === 0
      ? [
          `${us.server} could not be reached from here by its public name: ${quoted(us.front.route.error ?? 'no address worked')}`,
        ]
      : [];
  const doubts = us.front === null ? [] : doubtsAbout(us.front.route);
  return [...front, ...works, ...doubts, ...inbound];
}

/** Another server saw an answer of this very process. */
function isReachedFromOutside({ outside, instance }: Facts['us']): boolean {
  return outside?.front?.echoes.some(echo => echo.instance === instance) === true;
}

function unprovenOfPeer(peer: PeerFacts, now: number): string[] {
  const { route, sending, rooms, roomsShared } = peer;
  const unasked = roomsShared - rooms.filter(({ probe }) => probe?.status === 200).length;
  const named = rooms.filter(({ probe }) => (probe?.heads.length ?? 0) >= MANY_HEADS).length;
  const heard = heardAt(peer);
  const reasons: (string | false)[] = [
    !peer.isAllowed && 'our settings forbid talking to it (federation.allow, federation.deny)',
    route === null && 'it was not looked for',
    route !== null && workingPlaces(route).length === 0 && `it could not be reached: ${quoted(whyNot(peer))}`,
    workingPlaces(route).some(place => transferAnswer(place)?.status === null) &&
      'a megabyte did not pass to it in time: the way is slow, or stalls',
    sending?.failingSince != null &&
      `it has not taken what we send for ${spanText(now - sending.failingSince)}: ${quoted(sending.reason ?? '')}`,
    unasked > 0 && `it did not say what ${countText(unasked, 'room')} of ${roomsShared} end with`,
    // Synapse names ten ends of a room at most.
    named > 0 && `it named as many ends of ${countText(named, 'room')} as it ever does, and may have more`,
    roomsShared === 0 && 'we share no room with it',
    heard < now - RECENT_MS && 'it has sent us nothing in the last day',
  ];
  return reasons.filter(reason => reason !== false);
}

function whyNot({ route }: PeerFacts): string {
  const errors =
    route?.places.flatMap(place => place.error ?? place.answers.flatMap(answer => answer.error ?? [])) ?? [];
  return route?.error ?? errors[0] ?? 'no address gave the answer of a Matrix server';
}
