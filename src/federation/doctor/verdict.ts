import type { Facts, PeerFacts } from './facts.ts';

/** The causes that the doctor knows: docs/doctor.md has them all. */
export type Cause = `D${number}`;

/** `proven`: the facts allow nothing else. `likely`: they fit, and something else could look the same. */
export type Confidence = 'proven' | 'likely';

/** What can be done by the server itself. */
export type RepairKind =
  | 'retry_now'
  | 'say_hello'
  | 'fill_rooms'
  | 'fetch_keys'
  | 'fetch_devices'
  | 'renew_work'
  | 'publish_keys'
  | 'join_ends'
  | 'judge_again'
  | 'raise_limit'
  | 'bump_epoch';

/** What the command itself does, on the machine of the front, where the server may not. */
export type CommandRepair = 'renew_front';

export interface Repair {
  /** Undefined where a person has to act. */
  readonly kind: RepairKind | CommandRepair | undefined;
  /** What is done, or what to change, in lines. */
  readonly lines: readonly string[];
}

export interface Verdict {
  readonly confidence: Confidence;
  /** Since when, where the facts tell: milliseconds since 1970. */
  readonly since?: number | undefined;
  /** What users notice, with counts and times. */
  readonly effect: string;
  /** What was seen, in lines. */
  readonly proof: readonly string[];
  readonly repair?: Repair;
}

interface CheckWords {
  readonly cause: Cause;
  /** The cause in half a sentence. */
  readonly title: string;
  /** For `--explain`: what happens, how it comes about, how it is found, what helps. */
  readonly explain: string;
  /** Causes that are seen as well when this one is there, and mean nothing of their own then. */
  readonly explains?: readonly Cause[];
}

/** One cause: a pure function of the facts. */
export type Check = CheckWords &
  (
    | { readonly scope: 'peer'; readonly judge: (peer: PeerFacts, facts: Facts) => Verdict | undefined }
    | { readonly scope: 'us'; readonly judge: (facts: Facts) => Verdict | undefined }
  );

/** A cause that was found. */
export interface Finding extends Verdict {
  readonly cause: Cause;
  readonly title: string;
  /** Another finding that explains this one. */
  readonly because: Cause | undefined;
}

/** Of what can be done about some findings that which the server does. */
export function serverRepairs(findings: readonly Verdict[]): ReadonlySet<RepairKind> {
  const kinds = findings.flatMap(({ repair }) => repair?.kind ?? []);
  return new Set(kinds.filter(kind => kind !== 'renew_front'));
}
