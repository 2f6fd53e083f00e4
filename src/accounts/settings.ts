import type { Config } from '../config/schema.ts';
import type { JsonObject } from '../core/json.ts';
import type { ProofOfWorkSettings } from './proof-of-work.ts';
import type { LimitRates } from './rate-limits.ts';
import type { Policy } from './terms.ts';

/** `approval`: anybody can ask for an account, an administrator lets each one in. */
export type RegistrationMode = 'closed' | 'open' | 'token' | 'approval';

export interface PasswordSettings {
  /** Memory for one hash in KiB. */
  readonly memoryKib: number;
  readonly passes: number;
  /** The fewest characters a new password has. */
  readonly minimumLength: number;
}

export interface ApprovalSettings {
  /** Whether applicants say why they want the account. */
  readonly asksReason: boolean;
  /** The most accounts that may wait at a time. */
  readonly mostWaiting: number;
}

export interface AccountSettings {
  readonly registration: RegistrationMode;
  readonly approval: ApprovalSettings;
  readonly proofOfWork: ProofOfWorkSettings;
  /** What users accept when they register. */
  readonly terms: readonly Policy[];
  /** For `/_synapse/admin/v1/register`; undefined switches that off. */
  readonly registrationSharedSecret: string | undefined;
  readonly passwords: PasswordSettings;
  /** `off`: nothing is limited. */
  readonly rateLimits: LimitRates | 'off';
  /** How long an access token of a client with refresh tokens lives, in milliseconds. Others live until logout. */
  readonly accessTokenMs: number;
  /** How long a one-time login token lives, in milliseconds. */
  readonly loginTokenMs: number;
  /** What `well_known` says in the answer to a login. */
  readonly wellKnown: JsonObject | undefined;
  /** The most that the account data of one user may take, in bytes. */
  readonly accountDataBytes: number;
  /** User names that nobody may have: the server's own. */
  readonly reservedNames: readonly string[];
}

export const defaultAccountSettings: AccountSettings = {
  registration: 'closed',
  approval: { asksReason: true, mostWaiting: 1000 },
  proofOfWork: { when: 'never', bits: 20 },
  terms: [],
  registrationSharedSecret: undefined,
  passwords: { memoryKib: 19 * 1024, passes: 2, minimumLength: 8 },
  rateLimits: 'off',
  accessTokenMs: 60 * 60_000,
  loginTokenMs: 2 * 60_000,
  wellKnown: undefined,
  accountDataBytes: 16 * 1024 * 1024,
  reservedNames: [],
};

/** The part of the configuration that this part reads. The shared secret and well-known are handed over resolved. */
export function accountSettings(
  config: Pick<Config, 'registration' | 'terms' | 'rate_limits' | 'password_hashing' | 'server_notices'>,
  resolved: Pick<AccountSettings, 'registrationSharedSecret' | 'wellKnown'>,
): AccountSettings {
  const { memory, passes } = config.password_hashing;
  const { mode, approval, proof_of_work: work } = config.registration;
  // Without limits nothing is too much.
  const when = config.rate_limits === 'off' && work.when === 'under_load' ? 'never' : work.when;
  return {
    ...defaultAccountSettings,
    ...resolved,
    registration: mode,
    approval: { asksReason: approval.ask_reason, mostWaiting: approval.most_waiting },
    proofOfWork: { when, bits: work.bits },
    terms: config.terms,
    reservedNames: [config.server_notices.user],
    rateLimits: config.rate_limits,
    passwords: { ...defaultAccountSettings.passwords, memoryKib: Math.ceil(memory / 1024), passes },
  };
}
