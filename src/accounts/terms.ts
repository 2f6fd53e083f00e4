import type { JsonObject } from '../core/json.ts';
import type { Tx } from '../db/database.ts';
import { insertAcceptance } from './terms.table.ts';

/** A document that users accept when they register, in one or more languages. */
export interface Policy {
  /** Names the policy over all its versions and languages: `privacy_policy`. */
  readonly name: string;
  readonly version: string;
  readonly texts: readonly { readonly language: string; readonly name: string; readonly url: string }[];
}

/** `params` of the stage m.login.terms (client-server API, "Terms of service at registration"). */
export function termsParams(policies: readonly Policy[]): JsonObject {
  const shown = policies.map(({ name, version, texts }) => {
    const byLanguage = texts.map(({ language, name, url }) => [language, { name, url }] as const);
    return [name, { version, ...Object.fromEntries(byLanguage) }] as const;
  });
  return { policies: Object.fromEntries(shown) };
}

/** Writes down, with the account, what its user has accepted. */
export async function recordAcceptance(
  tx: Tx,
  userNid: number,
  policies: readonly Policy[],
  ts: number,
): Promise<void> {
  for (const { name, version } of policies) await insertAcceptance(tx, userNid, { policy: name, version, ts });
}
