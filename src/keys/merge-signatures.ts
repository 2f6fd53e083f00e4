import { getObject, type JsonObject } from '../core/json.ts';
import type { SignatureRow } from './cross-signing.table.ts';

/** The object with further signatures of one user, which win over those it has. */
export function withSignatures(object: JsonObject, signer: string, rows: readonly SignatureRow[]): JsonObject {
  if (rows.length === 0) return object;
  const all = getObject(object, 'signatures') ?? {};
  const merged = { ...getObject(all, signer), ...Object.fromEntries(rows.map(row => [row.signer_key, row.signature])) };
  return { ...object, signatures: { ...all, [signer]: merged } };
}
