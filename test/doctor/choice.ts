import type { Fault } from './fault.ts';

/** `--fast`: one fault at a time and without Synapse, for every change. */
const FAST = '--fast';
/** Tells the bench that it is in a network of its own, where it may drop packets. */
export const INSIDE = '--inside';
/** Prints what the doctor says of each fault. */
const REPORTS = '--reports';
const STAGES = ['faults', 'pairs', 'packets', 'synapse'] as const;
type Stage = (typeof STAGES)[number];
const SHARE = /^(\d+)\/(\d+)$/;

/** What of the bench is wanted. */
export interface Choice {
  /** Of faults and pairs: every so many from which one on. */
  readonly share: { readonly at: number; readonly of: number };
  /** Single faults by their IDs; none: all of the stages. */
  readonly ids: readonly string[];
  readonly stages: ReadonlySet<Stage>;
  /** Examinations of healthy worlds. */
  readonly healthy: number;
  readonly isInside: boolean;
  readonly withReports: boolean;
}

/** `[--fast] [--reports] [--healthy N] [faults] [pairs] [packets] [synapse] [2/3] [F05... S1...]`; nothing: everything. */
export function choiceOf(words: readonly string[]): Choice {
  const at = words.indexOf('--healthy');
  const healthy = at < 0 ? 0 : Number(words[at + 1]);
  const rest = at < 0 ? words : words.toSpliced(at, 2);
  const share = rest.map(word => SHARE.exec(word)).find(found => found !== null);
  const stages = STAGES.filter(stage => rest.includes(stage));
  const ids = rest.filter(word => /^[A-Z]\d/.test(word));
  const isFast = rest.includes(FAST);
  const all = isFast || rest.includes(INSIDE) ? ['faults' as const] : STAGES;
  return {
    share: { at: Number(share?.[1] ?? 1) - 1, of: Number(share?.[2] ?? 1) },
    ids,
    stages: new Set(stages.length > 0 || ids.length > 0 || (healthy > 0 && share === undefined) ? stages : all),
    healthy,
    isInside: rest.includes(INSIDE),
    withReports: rest.includes(REPORTS),
  };
}

/** Whether something of a stage is wanted by its ID. */
export function isChosen({ stages, ids }: Choice, stage: Stage, id: string): boolean {
  return stages.has(stage) || ids.includes(id);
}

/** The share of some faults. Those of one cause stay together, so that what happens without its check is seen. */
export function shareOf(faults: readonly Fault[], { share, ids }: Choice): readonly Fault[] {
  if (ids.length > 0) return faults.filter(({ id }) => ids.includes(id));
  const causes = [...new Set(faults.map(({ cause }) => cause))];
  return faults.filter(({ cause }) => causes.indexOf(cause) % share.of === share.at);
}
