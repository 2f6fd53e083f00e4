import type { Config } from '../../src/config/schema.ts';
import { approval, guessedTokens, type LettingIn, leakedToken } from './let-in.ts';
import { type Attack, manyAddresses, oneAddress, SIDE_BY_SIDE } from './sign-ups.ts';

export interface Scenario {
  readonly name: string;
  /** Beside the difficulty of the work. */
  readonly mode: Config['registration']['mode'];
  readonly when: Config['registration']['proof_of_work']['when'];
  readonly attack: Pick<Attack, 'addressOf' | 'solves'>;
  /** The most accounts that may be made in so many seconds. */
  readonly most: (seconds: number) => number;
  readonly lettingIn?: LettingIn;
}

/** What the settings allow by default: at once, and a second. */
const RATES = { address: [5, 0.005], total: [50, 0.05] } as const;
/** So many accounts are made before proof of work is asked for, and those that are under way then. */
const CALM = 11 + SIDE_BY_SIDE;

const within =
  ([burst, perSecond]: readonly [number, number]) =>
  (seconds: number) =>
    burst + seconds * perSecond;

/** So many accounts are the most that are made at once, whatever the attacker pays. */
export const AT_ONCE = RATES.total[0];

const one = { addressOf: oneAddress, solves: true };
const many = { addressOf: manyAddresses, solves: true };
const manyWithoutWork = { addressOf: manyAddresses, solves: false };
const open = { mode: 'open', when: 'under_load' } as const;
const always = { mode: 'open', when: 'always' } as const;
const address = within(RATES.address);
const total = within(RATES.total);

export const SCENARIOS: readonly Scenario[] = [
  { name: 'open, one address', ...open, attack: one, most: address },
  {
    name: 'open, many addresses, a script that knows no proof of work',
    ...open,
    attack: manyWithoutWork,
    most: () => CALM,
  },
  { name: 'open, many addresses, a script that works', ...open, attack: many, most: total },
  {
    name: 'proof of work always, many addresses, a script that knows none',
    ...always,
    attack: manyWithoutWork,
    most: () => 0,
  },
  { name: 'proof of work always, one address', ...always, attack: one, most: address },
  {
    name: 'token, many addresses, a token guessed',
    mode: 'token',
    when: 'under_load',
    attack: manyWithoutWork,
    most: () => 0,
    lettingIn: guessedTokens,
  },
  {
    name: 'token, many addresses, a token for ten accounts found',
    mode: 'token',
    when: 'under_load',
    attack: manyWithoutWork,
    most: () => 10,
    lettingIn: leakedToken,
  },
  {
    name: 'approval without proof of work, many addresses (who got through waits, and is refused)',
    mode: 'approval',
    when: 'never',
    attack: manyWithoutWork,
    most: total,
    lettingIn: approval,
  },
];
