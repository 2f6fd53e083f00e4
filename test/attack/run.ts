/**
 * `./copse test attack [--all]`: floods of sign-ups against a server that is open to everybody: what gets through, and
 * what it costs. Without `--all` a short version with easy proof of work, with the same bars.
 */

import { usageOfTree } from '../support/process-usage.ts';
import { startServer } from '../support/running-server.ts';
import { registerByScript } from '../support/script-registration.ts';

import { type Attack, manyAddresses, oneAddress, SIDE_BY_SIDE, signUp, type Tally } from './sign-ups.ts';

const MIB = 2 ** 20;
const all = process.argv.includes('--all');
const ATTEMPTS = all ? 1000 : 150;
/** At rest; the default is 20. */
const BITS = all ? 20 : 8;

/** The processor time that the attacker is willing to spend, in seconds. */
const WORK_BUDGET = 120;

/** What the settings allow by default: at once, and a second. */
const RATES = { address: [5, 0.005], total: [50, 0.05] } as const;
/** So many accounts are made before proof of work is asked for, and those that are under way then. */
const CALM = 11 + SIDE_BY_SIDE;

interface Scenario {
  readonly name: string;
  readonly when: 'under_load' | 'always';
  readonly attack: Pick<Attack, 'addressOf' | 'solves'>;
  /** The most accounts that may be made in so many seconds. */
  readonly most: (seconds: number) => number;
}

const within =
  ([burst, perSecond]: readonly [number, number]) =>
  (seconds: number) =>
    burst + seconds * perSecond;
const address = within(RATES.address);
const total = within(RATES.total);

const SCENARIOS: readonly Scenario[] = [
  { name: 'defaults, one address', when: 'under_load', attack: { addressOf: oneAddress, solves: true }, most: address },
  {
    name: 'defaults, many addresses, a script that knows no proof of work',
    when: 'under_load',
    attack: { addressOf: manyAddresses, solves: false },
    most: () => CALM,
  },
  {
    name: 'defaults, many addresses, a script that works',
    when: 'under_load',
    attack: { addressOf: manyAddresses, solves: true },
    most: total,
  },
  {
    name: 'proof of work always, many addresses, a script that knows none',
    when: 'always',
    attack: { addressOf: manyAddresses, solves: false },
    most: () => 0,
  },
  {
    name: 'proof of work always, one address',
    when: 'always',
    attack: { addressOf: oneAddress, solves: true },
    most: address,
  },
];

/** The most processor time of the server, in milliseconds. Making an account hashes a password, with 19 MiB. */
const MOST_CPU_MS = { refused: 6, made: 150 };
/** The most that the server may grow by, which has hashed passwords before. */
const MOST_GROWTH = 48 * MIB;

let passed = 0;
let failed = 0;

function bar(what: string, holds: boolean): void {
  if (holds) passed++;
  else failed++;
  if (!holds) console.log(`FAILED: ${what}`);
}

async function run({ name, when, attack, most }: Scenario): Promise<void> {
  const registration = { mode: 'open', open_to_everybody: true, proof_of_work: { when, bits: BITS } };
  await using server = await startServer({ config: { registration, rate_limits: {}, password_hashing: {} } });
  await warmUp(server.url);
  const before = usageOfTree(server.pid);
  const began = performance.now();
  const tally = await signUp({
    ...attack,
    url: server.url,
    attempts: ATTEMPTS,
    workBudget: WORK_BUDGET,
    prefix: 'bot',
  });
  const seconds = (performance.now() - began) / 1000;
  const after = usageOfTree(server.pid);
  const cpuMs = 1000 * (after.cpu - before.cpu);
  const mostCpuMs = (ATTEMPTS - tally.accounts) * MOST_CPU_MS.refused + tally.accounts * MOST_CPU_MS.made;
  const growth = after.resident - before.resident;
  report(name, tally, { seconds, cpuMs, growth });
  bar(`${name}: ${tally.accounts} accounts`, tally.accounts <= most(seconds) + 1);
  bar(`${name}: ${cpuMs} ms of CPU, more than ${mostCpuMs}`, cpuMs <= mostCpuMs);
  bar(`${name}: grew by ${growth} bytes`, growth <= MOST_GROWTH);
  bar(`${name}: ${[...tally.outcomes.keys()]}`, [...tally.outcomes.keys()].every(isForeseen));
}

/** Some accounts made by a script, so that what is measured is the attack and not the first use of things. */
async function warmUp(url: string): Promise<void> {
  await Promise.all(Array.from({ length: 8 }, (_, n) => registerByScript(url, `warm${n}`)));
}

function isForeseen(outcome: string): boolean {
  return /^(200|401 io\.copse\.proof_of_work|403 M_FORBIDDEN|429 M_LIMIT_EXCEEDED|0 gave up)$/.test(outcome);
}

function report(name: string, tally: Tally, cost: { seconds: number; cpuMs: number; growth: number }): void {
  const outcomes = [...tally.outcomes].map(([outcome, count]) => `${count} x ${outcome}`).join(', ');
  const work =
    tally.workSeconds === 0
      ? ''
      : `; the attacker worked ${tally.workSeconds.toFixed(1)} s of CPU, at up to ${tally.mostBits} bits`;
  const wait = tally.retryAfterMs === undefined ? '' : `; told to wait ${(tally.retryAfterMs / 1000).toFixed(0)} s`;
  console.log(
    `${name}: ${tally.accounts} of ${ATTEMPTS} got through in ${cost.seconds.toFixed(1)} s (${outcomes})${work}${wait}; ` +
      `the server: ${(cost.cpuMs / 1000).toFixed(2)} s of CPU, ${(cost.growth / MIB).toFixed(1)} MiB more`,
  );
}

for (const scenario of SCENARIOS) await run(scenario);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
