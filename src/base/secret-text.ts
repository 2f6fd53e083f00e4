import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Random } from './random.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** A text that only whoever has the secret can read or make (AES-256-GCM). `purpose` keeps it from serving for something else. */
export function hideText(purpose: string, text: string, secret: Uint8Array, random: Random): string {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(purpose, secret), nonce);
  const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, hidden, cipher.getAuthTag()]).toString('base64url');
}

/** The text that was hidden for this purpose with this secret; undefined for anything else. */
export function revealText(purpose: string, hidden: string, secret: Uint8Array): string | undefined {
  const bytes = Buffer.from(hidden, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, keyOf(purpose, secret), bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString();
  } catch {
    return undefined;
  }
}

function keyOf(purpose: string, secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`copse-hidden-${purpose}`).digest();
}
