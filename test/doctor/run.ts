/**
 * The fault bench: each fault is put into a world of its own where everything works, the doctor looks, and what it names
 * first must be the cause; then it does what it can. `./copse test doctor [--healthy N] [F05... S1...]`; those that begin
 * with S are between Copse and a real Synapse.
 */
import { CHECKS } from '../../src/federation/doctor/checks/all.ts';
import { type Diagnosis, diagnose } from '../../src/federation/doctor/diagnose.ts';
import type { Facts } from '../../src/federation/doctor/facts.ts';
import { reportText } from '../../src/federation/doctor/report.ts';
import type { Cause, Finding } from '../../src/federation/doctor/verdict.ts';
import { CONTROLS } from './controls.ts';
import { DoctorWorld } from './doctor-world.ts';
import type { Fault, Repaired } from './fault.ts';
import { FAULTS_OF_OURS } from './faults-of-ours.ts';
import { FAULTS_OF_PEERS } from './faults-of-peers.ts';
import { FAULTS_OF_STATES } from './faults-of-states.ts';
import { hasNginx } from './nginx.ts';
import { withSynapse } from './synapse/with-synapse.ts';

interface Outcome {
  readonly fault: Fault;
  readonly facts: Facts;
  readonly named: readonly Cause[];
  readonly repaired: 'yes' | 'no' | '-';
  readonly seconds: number;
}

const MOST_SECONDS = 60;

async function main(words: readonly string[]): Promise<number> {
  const healthy = words[0] === '--healthy' ? Number(words[1]) : 0;
  const wanted = healthy > 0 ? words.slice(2) : words;
  const all = [...FAULTS_OF_PEERS, ...FAULTS_OF_OURS, ...FAULTS_OF_STATES].sort((a, b) =>
    a.id.localeCompare(b.id, 'en', { numeric: true }),
  );
  const chosen = [...all, ...CONTROLS].filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  const usesNginx = ({ about }: Fault) => about.includes('nginx');
  const runnable = chosen.filter(fault => hasNginx() || !usesNginx(fault));
  const outcomes: (Outcome | Error)[] = [];
  for (const fault of runnable) {
    const outcome = await tried(fault).catch((error: Error) => error);
    if (outcome instanceof Error) console.log(`BAD  ${fault.id} could not be tried: ${outcome.message}`);
    else console.log(line(outcome));
    outcomes.push(outcome);
  }
  const alarms = healthy > 0 ? await falseAlarms(healthy) : 0;
  const done = outcomes.filter((outcome): outcome is Outcome => !(outcome instanceof Error));
  const blind = wanted.length === 0 ? mutationsMissed(done) : [];
  for (const cause of blind) console.log(`a check of ${cause} that finds nothing is not noticed`);
  const real = await withSynapse(wanted);
  const good = done.filter(isGood).length;
  const failed = outcomes.length - good + blind.length + alarms + real.failed;
  const skipped = chosen.length - runnable.length + real.skipped;
  console.log(`${good + real.passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

async function tried(fault: Fault): Promise<Outcome> {
  await using world = await DoctorWorld.open();
  const isRepaired = await fault.inject(world);
  const began = performance.now();
  const facts = await world.facts(fault.servers);
  const seconds = (performance.now() - began) / 1000;
  const diagnosis = diagnose(facts);
  const named = firstFindings(diagnosis).map(({ cause }) => cause);
  if (named[0] !== fault.cause) console.log(`${fault.id}:\n${reportText(diagnosis)}`);
  return { fault, facts, named, repaired: await repaired(world, diagnosis, isRepaired), seconds };
}

/** What is not the consequence of something else, in the order of the report. */
function firstFindings({ us, peers }: Diagnosis): readonly Finding[] {
  return [...peers.flatMap(peer => peer.findings), ...us.findings].filter(({ because }) => because === undefined);
}

async function repaired(
  world: DoctorWorld,
  { peers }: Diagnosis,
  isRepaired: Repaired | undefined,
): Promise<Outcome['repaired']> {
  if (isRepaired === undefined) return '-';
  const kinds = new Set(peers.flatMap(peer => peer.findings).flatMap(({ repair }) => repair?.kind ?? []));
  for (const kind of kinds) await world.repair(kind);
  return isRepaired().then(
    isSo => (isSo ? 'yes' : 'no'),
    (error: Error) => {
      console.log(`     it was not repaired: ${error.message}`);
      return 'no';
    },
  );
}

function isGood({ fault, named, repaired, seconds }: Outcome): boolean {
  return named[0] === fault.cause && repaired !== 'no' && seconds <= MOST_SECONDS;
}

function line(outcome: Outcome): string {
  const { fault, named, repaired, seconds } = outcome;
  const shown = named.length === 0 ? 'nothing' : named.join(' ');
  return [
    isGood(outcome) ? 'ok  ' : 'BAD ',
    fault.id.padEnd(5),
    (fault.cause ?? '-').padEnd(4),
    shown.padEnd(12),
    repaired.padEnd(4),
    `${seconds.toFixed(1)} s`.padStart(7),
    fault.about,
  ].join(' ');
}

/** Looks again and again at a world without a fault. */
async function falseAlarms(times: number): Promise<number> {
  await using world = await DoctorWorld.open();
  let alarms = 0;
  for (let at = 0; at < times; at++) {
    const found = firstFindings(await world.diagnosis());
    if (found.length > 0) alarms++;
  }
  console.log(`${alarms} false alarms in ${times} examinations of a healthy world`);
  return alarms;
}

/** Causes that could be left out without any fault being missed. */
function mutationsMissed(outcomes: readonly Outcome[]): Cause[] {
  return CHECKS.flatMap(mutated => {
    const others = CHECKS.filter(check => check !== mutated);
    const isNoticed = outcomes.some(
      ({ fault, facts }) =>
        fault.cause === mutated.cause && firstFindings(diagnose(facts, others))[0]?.cause !== fault.cause,
    );
    return isNoticed ? [] : [mutated.cause];
  });
}

process.exit(await main(process.argv.slice(2)));
