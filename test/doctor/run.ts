/**
 * The fault bench: each fault is put into a world of its own where everything works, the doctor looks, and what it names
 * first must be the cause; then it does what it can. `./copse test doctor [--fast] [--healthy N] [pairs] [F05... S1...]`; those that begin
 * with S are between Copse and a real Synapse.
 */
import { existsSync } from 'node:fs';
import { CHECKS } from '../../src/federation/doctor/checks/all.ts';
import { type Diagnosis, diagnose } from '../../src/federation/doctor/diagnose.ts';
import type { Facts } from '../../src/federation/doctor/facts.ts';
import { reportText } from '../../src/federation/doctor/report.ts';
import type { Cause, Finding } from '../../src/federation/doctor/verdict.ts';
import { installDebian } from '../support/postgres.ts';
import type { Outcome as Outcomes } from '../support/stage.ts';
import { CONTROLS } from './controls.ts';
import { DoctorWorld, PEER } from './doctor-world.ts';
import type { Fault, Repaired } from './fault.ts';
import { FAULTS_OF_OURS } from './faults-of-ours.ts';
import { FAULTS_OF_PACKETS, hasNftables } from './faults-of-packets.ts';
import { FAULTS_OF_PEERS } from './faults-of-peers.ts';
import { FAULTS_OF_STATES } from './faults-of-states.ts';
import { FAULTS_OF_THE_UNFINISHED } from './faults-of-the-unfinished.ts';
import { HEALTHY, lookedAt } from './healthy.ts';
import { INSIDE, inOwnNetwork } from './in-own-network.ts';
import { hasNginx } from './nginx.ts';
import { PAIRS } from './pairs.ts';
import { withSynapse } from './synapse/with-synapse.ts';

interface Outcome {
  readonly fault: Fault;
  readonly facts: Facts;
  readonly named: readonly Cause[];
  readonly repaired: 'yes' | 'no' | '-';
  readonly seconds: number;
}

const MOST_SECONDS = 60;
const NONE: Outcomes = { passed: 0, failed: 0, skipped: 0 };

function sum(a: Outcomes, b: Outcomes): Outcomes {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** `--fast`: one fault at a time and without Synapse, for every change. */
const FAST = '--fast';

async function main(given: readonly string[]): Promise<number> {
  installPrograms();
  const isFast = given.includes(FAST);
  const isInside = given.includes(INSIDE);
  const words = given.filter(word => word !== FAST && word !== INSIDE);
  const healthy = words[0] === '--healthy' ? Number(words[1]) : 0;
  const wanted = healthy > 0 ? words.slice(2) : words;
  const packets = isInside ? FAULTS_OF_PACKETS : [];
  const all = [
    ...FAULTS_OF_PEERS,
    ...FAULTS_OF_OURS,
    ...FAULTS_OF_STATES,
    ...FAULTS_OF_THE_UNFINISHED,
    ...packets,
  ].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  const chosen = [...all, ...CONTROLS].filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  const runnable = chosen.filter(fault => hasNginx() || !usesNginx(fault));
  const outcomes: (Outcome | Error)[] = [];
  for (const fault of runnable) {
    const outcome = await tried(fault).catch((error: Error) => error);
    if (outcome instanceof Error) console.log(`BAD  ${fault.id} could not be tried: ${outcome.message}`);
    else console.log(line(outcome));
    outcomes.push(outcome);
  }
  const pairs = (wanted.length === 0 && !isFast) || wanted.includes('pairs') ? await pairsTried(all) : NONE;
  const alarms = healthy > 0 ? await falseAlarms(healthy) : 0;
  const done = outcomes.filter((outcome): outcome is Outcome => !(outcome instanceof Error));
  const blind = wanted.length === 0 ? mutationsMissed(done) : [];
  for (const cause of blind) console.log(`a check of ${cause} that finds nothing is not noticed`);
  const real = isFast || isInside ? NONE : sum(await inOwnNetwork(wanted), await withSynapse(wanted));
  const good = done.filter(isGood).length + pairs.passed;
  const failed = outcomes.length - done.filter(isGood).length + pairs.failed + blind.length + alarms + real.failed;
  const skipped = chosen.length - runnable.length + real.skipped;
  console.log(`${good + real.passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

function usesNginx({ about }: Fault): boolean {
  return about.includes('nginx');
}

/** nginx and nftables, where this machine lets us; without them some faults are skipped. */
function installPrograms(): void {
  const isDebian = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (isDebian && !(hasNginx() && hasNftables())) installDebian('nginx', 'nftables');
}

async function tried(fault: Fault): Promise<Outcome> {
  await using world = await DoctorWorld.open();
  const isRepaired = await fault.inject(world);
  const began = performance.now();
  const facts = await world.facts(fault.servers, fault.vantage);
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

/** Two faults at a time: both have to be named. */
async function pairsTried(all: readonly Fault[]): Promise<{ readonly passed: number; readonly failed: number }> {
  const byId = new Map(all.map(fault => [fault.id, fault]));
  const chosen = PAIRS.map(pair => pair.flatMap(id => byId.get(id) ?? []));
  const runnable = chosen.filter(pair => hasNginx() || !pair.some(usesNginx));
  let passed = 0;
  for (const pair of runnable) {
    const names = pair.map(({ id }) => id).join('+');
    const isGood = await pairTried(pair, names).catch((error: Error) => {
      console.log(`BAD  ${names} could not be tried: ${error.message}`);
      return false;
    });
    if (isGood) passed++;
  }
  return { passed, failed: runnable.length - passed };
}

async function pairTried(pair: readonly Fault[], names: string): Promise<boolean> {
  await using world = await DoctorWorld.open();
  for (const fault of pair) await fault.inject(world);
  const began = performance.now();
  const servers = new Set(pair.flatMap(fault => fault.servers ?? [PEER]));
  const { us, peers } = await world.diagnosis([...servers]);
  const seconds = (performance.now() - began) / 1000;
  const found = [...peers.flatMap(peer => peer.findings), ...us.findings].map(({ cause }) => cause);
  const isGood = pair.every(({ cause }) => cause !== undefined && found.includes(cause)) && seconds <= MOST_SECONDS;
  const wanted = pair.map(({ cause }) => cause).join(' ');
  console.log(
    [
      isGood ? 'ok  ' : 'BAD ',
      names.padEnd(9),
      wanted.padEnd(8),
      found.join(' ').padEnd(20),
      `${seconds.toFixed(1)} s`,
    ].join(' '),
  );
  return isGood;
}

/** Looks again and again at worlds without a fault, in which much happens. */
async function falseAlarms(times: number): Promise<number> {
  let alarms = 0;
  for (const healthy of HEALTHY) {
    const found: string[] = [];
    let looks = 0;
    for await (const facts of lookedAt(healthy, Math.ceil(times / HEALTHY.length))) {
      looks++;
      const findings = firstFindings(diagnose(facts));
      found.push(...findings.map(({ cause, proof }) => `${cause} ${proof[0] ?? ''}`));
      if (findings.length > 0) alarms++;
    }
    console.log(`${found.length} false findings in ${looks} examinations: ${healthy.about}`);
    for (const each of new Set(found)) console.log(`     ${each}`);
  }
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
