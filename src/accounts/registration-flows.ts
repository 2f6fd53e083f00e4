import { REASON } from './applications.ts';
import type { AuthFlows, AuthStage } from './interactive-auth.ts';
import { PROOF_OF_WORK, type ProofOfWork } from './proof-of-work.ts';
import type { RegistrationMode } from './settings.ts';

export interface FlowSettings {
  readonly mode: Exclude<RegistrationMode, 'closed'>;
  readonly hasTerms: boolean;
  readonly asksReason: boolean;
  readonly work: ProofOfWork['demand'];
}

/**
 * The flows of registration. Whoever has a token was let in by somebody; all others may have to work for it first. Clients
 * take the first flow that they know, so the short one comes first.
 */
export function registrationFlows({ mode, hasTerms, asksReason, work }: FlowSettings): AuthFlows {
  const terms: AuthStage[] = hasTerms ? ['m.login.terms'] : [];
  if (mode === 'token') return [['m.login.registration_token', ...terms]];
  const reason: AuthStage[] = mode === 'approval' && asksReason ? [REASON] : [];
  const asked = [...reason, ...terms];
  const plain: AuthStage[] = asked.length > 0 ? asked : ['m.login.dummy'];
  const withWork: AuthStage[] = [PROOF_OF_WORK, ...asked];
  if (work === 'none') return [plain];
  return work === 'required' ? [withWork] : [plain, withWork];
}
