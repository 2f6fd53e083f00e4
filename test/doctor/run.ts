/**
 * The fault bench: each fault is put into a world of its own where everything works, the doctor looks, and what it names
 * first must be the cause; then it does what it can. `./copse test doctor`, or a part of it: see choice.ts.
 */
import { existsSync } from 'node:fs';
import { installDebian } from '../support/postgres.ts';
import type { Outcome as Counts } from '../support/stage.ts';
import { falseAlarms, isGood, lineOf, mutated, type Outcome, pairTried, tried } from './bench.ts';
import { type Choice, choiceOf, isChosen, shareOf } from './choice.ts';
import { CONTROLS } from './controls.ts';
import type { Fault } from './fault.ts';
import { FAULTS_OF_BACKUPS } from './faults-of-backups.ts';
import { FAULTS_OF_FAMILIES } from './faults-of-families.ts';
import { FAULTS_OF_HISTORY } from './faults-of-history.ts';
import { FAULTS_OF_MADE_FRONTS } from './faults-of-made-fronts.ts';
import { FAULTS_OF_OUR_KEYS } from './faults-of-our-keys.ts';
import { FAULTS_OF_OUR_MACHINE } from './faults-of-our-machine.ts';
import { FAULTS_OF_OURS } from './faults-of-ours.ts';
import { FAULTS_OF_PACKETS, hasNftables } from './faults-of-packets.ts';
import { FAULTS_OF_PEERS } from './faults-of-peers.ts';
import { FAULTS_OF_STATES } from './faults-of-states.ts';
import { FAULTS_OF_THE_UNFINISHED } from './faults-of-the-unfinished.ts';
import { inOwnNetwork } from './in-own-network.ts';
import { hasNginx } from './nginx.ts';
import { PAIRS } from './pairs.ts';
import { withSynapse } from './synapse/with-synapse.ts';

const FAULTS: readonly Fault[] = [
  ...FAULTS_OF_PEERS,
  ...FAULTS_OF_BACKUPS,
  ...FAULTS_OF_FAMILIES,
  ...FAULTS_OF_HISTORY,
  ...FAULTS_OF_OURS,
  ...FAULTS_OF_MADE_FRONTS,
  ...FAULTS_OF_OUR_KEYS,
  ...FAULTS_OF_OUR_MACHINE,
  ...FAULTS_OF_STATES,
  ...FAULTS_OF_THE_UNFINISHED,
].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));

async function main(words: readonly string[]): Promise<number> {
  installPrograms();
  const choice = choiceOf(words);
  const counts = [
    await faultsTried(choice),
    ...(choice.stages.has('pairs') ? [await pairsTried(choice)] : []),
    ...(choice.healthy > 0 ? [await healthyLookedAt(choice.healthy)] : []),
    ...(choice.isInside ? [] : [await inOwnNetwork(choice), await withSynapse(choice)]),
  ];
  const sum = (of: (each: Counts) => number) => counts.reduce((all, each) => all + of(each), 0);
  const failed = sum(each => each.failed);
  console.log(`${sum(each => each.passed)} passed, ${failed} failed, ${sum(each => each.skipped)} skipped`);
  return failed === 0 ? 0 : 1;
}

/** nginx and nftables, where this machine lets us; without them some faults are skipped. */
function installPrograms(): void {
  const isDebian = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (isDebian && !(hasNginx() && hasNftables())) installDebian('nginx', 'nftables');
}

/** Mostly each waits for something. In a network of its own there is one world: packets are dropped for all. */
const WORLDS = 3;

/** Does something with each of some items, so many at a time. */
async function sideBySide<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function usesNginx({ about }: Fault): boolean {
  return about.includes('nginx');
}

async function faultsTried(choice: Choice): Promise<Counts> {
  const all = choice.isInside ? FAULTS_OF_PACKETS : [...FAULTS, ...CONTROLS];
  const chosen = shareOf(all, choice).filter(({ id }) => isChosen(choice, 'faults', id));
  const runnable = chosen.filter(fault => hasNginx() || !usesNginx(fault));
  const outcomes: Outcome[] = [];
  const one = async (fault: Fault) => {
    const outcome = await tried(fault, choice.withReports).catch((error: Error) => error);
    if (outcome instanceof Error) return console.log(`BAD  ${fault.id} could not be tried: ${outcome.message}`);
    console.log(lineOf(outcome));
    outcomes.push(outcome);
  };
  const isAlone = (fault: Fault) => choice.isInside || fault.isAlone === true;
  await sideBySide(
    runnable.filter(fault => !isAlone(fault)),
    WORLDS,
    one,
  );
  await sideBySide(runnable.filter(isAlone), 1, one);
  const good = outcomes.filter(isGood).length;
  const unnoticed = choice.ids.length > 0 ? 0 : mutationsTold(outcomes);
  return {
    passed: good,
    failed: runnable.length - good + unnoticed,
    skipped: chosen.length - runnable.length,
  };
}

/** Says which checks may find nothing without anybody noticing; answers how many. */
function mutationsTold(outcomes: readonly Outcome[]): number {
  const { noticed, unnoticed } = mutated(outcomes);
  for (const { cause, title } of unnoticed)
    console.log(`BAD  a check of ${cause} that finds nothing is not noticed: ${title}`);
  if (noticed.length > 0)
    console.log(`each taken out was missed: ${noticed.length} checks, ${noticed.map(({ cause }) => cause).join(' ')}`);
  return unnoticed.length;
}

async function pairsTried({ share }: Choice): Promise<Counts> {
  const byId = new Map(FAULTS.map(fault => [fault.id, fault]));
  const chosen = PAIRS.filter((_, at) => at % share.of === share.at).map(pair =>
    pair.flatMap(id => byId.get(id) ?? []),
  );
  const runnable = chosen.filter(pair => hasNginx() || !pair.some(usesNginx));
  let passed = 0;
  await sideBySide(runnable, WORLDS, async pair => {
    const isNamed = await pairTried(pair).catch((error: Error) => {
      console.log(`BAD  ${pair.map(({ id }) => id).join('+')} could not be tried: ${error.message}`);
      return false;
    });
    if (isNamed) passed++;
  });
  return { passed, failed: runnable.length - passed, skipped: chosen.length - runnable.length };
}

async function healthyLookedAt(times: number): Promise<Counts> {
  const alarms = await falseAlarms(times);
  return { passed: alarms === 0 ? 1 : 0, failed: alarms, skipped: 0 };
}

process.exit(await main(process.argv.slice(2)));
