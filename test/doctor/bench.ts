import { CHECKS } from '../../src/federation/doctor/checks/all.ts';
import { type Diagnosis, diagnose } from '../../src/federation/doctor/diagnose.ts';
import type { Facts } from '../../src/federation/doctor/facts.ts';
import { reportText } from '../../src/federation/doctor/report.ts';
import { type Cause, type Check, type Finding, serverRepairs } from '../../src/federation/doctor/verdict.ts';
import { renewFront } from '../../src/main/renew-front.ts';
import { DoctorWorld, PEER, US } from './doctor-world.ts';
import type { Fault, Repaired } from './fault.ts';
import { HEALTHY, lookedAt } from './healthy.ts';

/** What came of one fault. */
export interface Outcome {
  readonly fault: Fault;
  readonly facts: Facts;
  readonly named: readonly Cause[];
  readonly repaired: 'yes' | 'no' | '-';
  readonly seconds: number;
}

const MOST_SECONDS = 60;

/** Puts a fault into a world of its own, looks, and does what the doctor can. */
export async function tried(fault: Fault, withReport: boolean): Promise<Outcome> {
  await using world = await DoctorWorld.open(fault.settings);
  const isRepaired = await fault.inject(world);
  const began = performance.now();
  const facts = await world.facts(fault.servers, fault.vantage);
  const seconds = (performance.now() - began) / 1000;
  const diagnosis = diagnose(facts);
  const named = firstFindings(diagnosis).map(({ cause }) => cause);
  if (withReport || named[0] !== fault.cause) console.log(`${fault.id}:\n${reportText(diagnosis)}`);
  return { fault, facts, named, repaired: await repaired(world, diagnosis, isRepaired), seconds };
}

/** What is not the consequence of something else, in the order of the report. */
export function firstFindings({ us, peers }: Diagnosis): readonly Finding[] {
  return [...peers.flatMap(peer => peer.findings), ...us.findings].filter(({ because }) => because === undefined);
}

async function repaired(
  world: DoctorWorld,
  { us, peers }: Diagnosis,
  isRepaired: Repaired | undefined,
): Promise<Outcome['repaired']> {
  if (isRepaired === undefined) return '-';
  for (const kind of serverRepairs(peers.flatMap(peer => peer.findings))) await world.repair(kind);
  for (const kind of serverRepairs(us.findings)) await world.repair(kind, US);
  if (us.findings.some(({ repair }) => repair?.kind === 'renew_front'))
    await renewFront({ data: world.us.server.folder });
  return isRepaired().then(
    isSo => (isSo ? 'yes' : 'no'),
    (error: Error) => {
      console.log(`     it was not repaired: ${error.message}`);
      return 'no';
    },
  );
}

export function isGood({ fault, named, repaired, seconds }: Outcome): boolean {
  return named[0] === fault.cause && repaired !== 'no' && seconds <= MOST_SECONDS;
}

/** A line of the table: named as it should be, the fault, its cause, what was named, repaired, how long it took. */
export function lineOf(outcome: Outcome): string {
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

/** Two faults in one world: both have to be named. Prints a line; answers whether they were. */
export async function pairTried(pair: readonly Fault[]): Promise<boolean> {
  await using world = await DoctorWorld.open();
  for (const fault of pair) await fault.inject(world);
  const began = performance.now();
  const servers = new Set(pair.flatMap(fault => fault.servers ?? [PEER]));
  const { us, peers } = await world.diagnosis([...servers]);
  const seconds = (performance.now() - began) / 1000;
  const found = [...peers.flatMap(peer => peer.findings), ...us.findings].map(({ cause }) => cause);
  const isGood = pair.every(({ cause }) => cause !== undefined && found.includes(cause)) && seconds <= MOST_SECONDS;
  const names = pair.map(({ id }) => id).join('+');
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

/** Looks again and again at worlds without a fault, in which much happens. Answers in how many looks something was found. */
export async function falseAlarms(times: number): Promise<number> {
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

/** What became of the faults with each check taken out in turn. */
export interface Mutations {
  /** Checks without which a fault is not named. */
  readonly noticed: readonly Check[];
  readonly unnoticed: readonly Check[];
}

/** A check that finds nothing, whatever there is, must cost some fault its name. Only causes that were tried are looked at. */
export function mutated(outcomes: readonly Outcome[]): Mutations {
  const tried = new Set(outcomes.map(({ fault }) => fault.cause));
  const concerned = CHECKS.filter(({ cause }) => tried.has(cause));
  const noticed = concerned.filter(check => isNoticed(check, outcomes));
  return { noticed, unnoticed: concerned.filter(check => !noticed.includes(check)) };
}

function isNoticed(check: Check, outcomes: readonly Outcome[]): boolean {
  const others = CHECKS.filter(each => each !== check);
  return outcomes.some(
    ({ fault, facts }) =>
      fault.cause === check.cause && firstFindings(diagnose(facts, others))[0]?.cause !== fault.cause,
  );
}
