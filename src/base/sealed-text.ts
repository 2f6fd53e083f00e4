import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * A value as a text that only whoever has the secret can make, and anybody can read: for links and cookies behind which
 * nothing is stored. `purpose` keeps a text from serving for something else.
 */
export function sealText(purpose: string, value: object, secret: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${payload}.${sealOf(purpose, payload, secret).toString('base64url')}`;
}

/** The value that was sealed for this purpose with this secret; undefined for any other text. */
export function openSealedText(purpose: string, text: string, secret: Uint8Array): unknown {
  const [payload = '', seal = '', ...rest] = text.split('.');
  const given = Buffer.from(seal, 'base64url');
  const expected = sealOf(purpose, payload, secret);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}

function sealOf(purpose: string, payload: string, secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`copse-${purpose}:${payload}`).digest();
}
