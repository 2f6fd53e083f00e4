/**
 * Public ed25519 keys whose private halves are known to the world, in unpadded base64. Nothing they sign is believed,
 * be it a request, an event or a key response.
 */
const COMPROMISED: ReadonlySet<string> = new Set([
  // CVE-2026-24044 (ELEMENTSEC-2025-1670): a deployment chart that gave every installation the same key.
  'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og',
]);

/** Whether a key (unpadded base64) is one that anybody can sign with. */
export function isCompromisedKey(publicKey: string): boolean {
  return COMPROMISED.has(publicKey);
}
