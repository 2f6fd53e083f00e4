import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { below, type Seeded, seeded } from '../support/state-tree.ts';
import { checkRemains } from './check-remains.ts';
import { type Cut, DiskModel } from './disk-model.ts';
import { playScene } from './scene.ts';
import { type Call, readTrace } from './trace.ts';

export interface PowerCutReport {
  readonly cuts: number;
  readonly passed: number;
  readonly calls: number;
  /** How many acknowledged things were looked for after the last cut. */
  readonly facts: number;
  readonly failures: readonly Error[];
}

interface Place {
  /** The power goes after this many calls. */
  readonly at: number;
  readonly cut: Cut;
}

/** Why it cannot be done here; undefined when it can. */
export function reasonToSkip(): string | undefined {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'strace is not installed';
  }
}

/**
 * Records every write, sync and rename of a server at work, and every answer it gave. For each of many moments it then
 * makes the files that a power cut at that moment may leave (what was synced, and of the rest nothing or what chance
 * wants), starts a server on them and looks for everything that had been answered by then.
 */
export async function powerCuts(folder: string, wanted: number, seed: number): Promise<PowerCutReport> {
  const disk = join(folder, 'disk');
  mkdirSync(disk, { recursive: true });
  const trace = join(folder, 'trace');
  const scene = await playScene(folder, disk, trace);
  const calls = await readTrace(trace);
  rmSync(trace);
  const random = seeded(seed);
  const model = new DiskModel(disk);
  const said = new Set<string>();
  const failures: Error[] = [];
  let done = 0;
  let facts = 0;
  for (const { at, cut } of choosePlaces(calls, wanted, random)) {
    for (; done < at; done++) follow(calls[done]!, model, said);
    const remains = join(folder, 'remains');
    model.materialise(remains, cut, random);
    try {
      facts = await checkRemains(join(remains, 'data'), scene, said);
    } catch (error) {
      failures.push(new Error(`after call ${at} of ${calls.length}, keeping ${cut} of the unsynced`, { cause: error }));
    }
    rmSync(remains, { recursive: true, force: true });
  }
  return { cuts: wanted, passed: wanted - failures.length, calls: calls.length, facts, failures };
}

function follow(call: Call, model: DiskModel, said: Set<string>): void {
  model.apply(call);
  if (call.kind === 'said') for (const [name] of call.text.matchAll(NAMES)) said.add(name);
}

/** What answers name: events, rooms, files, tokens, one-time keys, and the unique texts of this test. */
const NAMES = /[$!][\w-]{43}|mxc:\/\/[\w.:/-]+|(?<="access_token":")[^"]+|(?<=curve25519:)K\w+|(?:value|message) \d+/g;

/**
 * A third right after an answer, a third at any call, a third within the calls around a sync; a few in the first start.
 * Those after an answer lose everything that was not synced.
 */
function choosePlaces(calls: readonly Call[], wanted: number, random: Seeded): Place[] {
  const places = (kind: Call['kind']) => calls.flatMap((call, at) => (call.kind === kind ? at + 1 : []));
  const said = places('said');
  const syncs = places('sync');
  const start = said[0] ?? 1;
  const any = <T>(list: readonly T[]) => list[below(random, list.length)]!;
  const cuts: readonly Cut[] = ['some', 'nothing', 'some', 'everything'];
  const chosen = Array.from({ length: wanted }, (_, n): Place => {
    if (n % 15 === 0) return { at: below(random, start), cut: any(cuts) };
    if (n % 3 === 0) return { at: any(said), cut: 'nothing' };
    if (n % 3 === 1) return { at: below(random, calls.length), cut: any(cuts) };
    return { at: Math.max(0, any(syncs) - below(random, 3)), cut: any(cuts) };
  });
  return chosen.sort((a, b) => a.at - b.at);
}
