/**
 * `./copse test attack [--all]`: floods of sign-ups: what gets through, and what it costs the attacker and the server; and
 * that those get in who should. `--all`: 1,000 sign-ups in each attack, with proof of work as hard as it is by default.
 * Without it a short version with easy proof of work, with the same bars.
 */

import { usageOfTree } from '../support/process-usage.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { registerByScript } from '../support/script-registration.ts';
import { type Cost, Report } from './report.ts';
import { AT_ONCE, SCENARIOS, type Scenario } from './scenarios.ts';
import { signUp, type Tally } from './sign-ups.ts';
import { expectedHashes } from './work-price.ts';

const MIB = 2 ** 20;
const all = process.argv.includes('--all');
const ATTEMPTS = all ? 1000 : 150;
/** At rest. */
const DEFAULT_BITS = 20;
const BITS = all ? DEFAULT_BITS : 8;
const PREFIX = 'bot';

/**
 * The processor time that the attacker is willing to spend, in seconds. It decides how many get through, not whether the
 * bars hold: what more would bring is computed, since each account more is dearer than the one before.
 */
const WORK_BUDGET = 20;
/** Seconds of work that a rate can be computed from. */
const LEAST_TO_MEASURE = 5;

/** The most processor time of the server, in milliseconds. Making an account hashes a password, with 19 MiB. */
const MOST_CPU_MS = { refused: 6, made: 150 };
/** The most that the server may grow by, which has hashed passwords before. */
const MOST_GROWTH = 48 * MIB;

const report = new Report();
/** The work of all attacks. */
const worked = { hashes: 0, seconds: 0 };

async function run({ name, mode, when, attack, most, lettingIn }: Scenario): Promise<void> {
  const registration = { mode, open_to_everybody: mode === 'open', proof_of_work: { when, bits: BITS } };
  await using server = await startServer({ config: { registration, rate_limits: {}, password_hashing: {} } });
  await warmUp(server.url);
  const stage = (await lettingIn?.before(server)) ?? { type: 'm.login.dummy' };
  const { tally, cost } = await measured(server, { ...attack, stage });
  report.attack(name, ATTEMPTS, tally, cost);
  worked.hashes += tally.hashes;
  worked.seconds += tally.workSeconds;
  const mostCpuMs = (ATTEMPTS - tally.accounts) * MOST_CPU_MS.refused + tally.accounts * MOST_CPU_MS.made;
  report.bar(`${name}: ${tally.accounts} accounts`, tally.accounts <= most(cost.seconds) + 1);
  report.bar(`${name}: ${cost.cpuMs} ms of CPU, more than ${mostCpuMs}`, cost.cpuMs <= mostCpuMs);
  report.bar(`${name}: grew by ${cost.growth} bytes`, cost.growth <= MOST_GROWTH);
  report.bar(`${name}: ${[...tally.outcomes.keys()]}`, [...tally.outcomes.keys()].every(isForeseen));
  if (lettingIn !== undefined) report.bar(`${name}: who is in`, await holds(lettingIn.after(server, tally, PREFIX)));
}

type OwnPart = Scenario['attack'] & { readonly stage: { readonly type: string } };

async function measured(server: RunningServer, attack: OwnPart): Promise<{ tally: Tally; cost: Cost }> {
  const before = usageOfTree(server.pid);
  const began = performance.now();
  const common = { url: server.url, attempts: ATTEMPTS, workBudget: WORK_BUDGET, prefix: PREFIX };
  const tally = await signUp({ ...attack, ...common });
  const seconds = (performance.now() - began) / 1000;
  const after = usageOfTree(server.pid);
  return {
    tally,
    cost: { seconds, cpuMs: 1000 * (after.cpu - before.cpu), growth: after.resident - before.resident },
  };
}

/** Some accounts made by a script, so that what is measured is the attack and not the first use of things. */
async function warmUp(url: string): Promise<void> {
  await Promise.all(Array.from({ length: 8 }, (_, n) => registerByScript(url, `warm${n}`)));
}

const FORESEEN = [
  '200',
  '401 io.copse.proof_of_work',
  '401 M_FORBIDDEN',
  '403 M_FORBIDDEN',
  '403 ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL',
  '429 M_LIMIT_EXCEEDED',
  '0 gave up',
];

function isForeseen(outcome: string): boolean {
  return FORESEEN.includes(outcome);
}

async function holds(checked: Promise<void>): Promise<boolean> {
  try {
    await checked;
    return true;
  } catch (err) {
    console.log(err);
    return false;
  }
}

/** Computed from what was measured, and said so: nobody waits for it. */
function printPrice(): void {
  if (worked.seconds < LEAST_TO_MEASURE) return;
  const perSecond = worked.hashes / worked.seconds;
  const price = (accounts: number, bits: number) => {
    const hashes = expectedHashes(accounts, bits);
    const duration = hashes / perSecond;
    return `${accounts} accounts at once at ${bits} bits: ${(hashes / 1e6).toFixed(0)} million hashes, ${duration.toFixed(0)} s of CPU`;
  };
  console.log(`\nMeasured: ${(perSecond / 1e6).toFixed(2)} million hashes a second of CPU, with the code of the page.`);
  console.log(`Extrapolated from it, ${price(AT_ONCE, DEFAULT_BITS)} (more are not made at once whatever is paid).`);
  console.log(`Extrapolated, were there no limits, ${price(1000, DEFAULT_BITS)}.`);
}

for (const scenario of SCENARIOS) await run(scenario);
printPrice();
report.print();
