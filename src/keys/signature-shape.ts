import { nodeCrypto } from '../base/node-crypto.ts';
import { decodeBase64 } from '../core/base64.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { isObject, type Json, JsonError, type JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { verifyJson } from '../core/signatures.ts';
import { utf8Length } from '../core/utf8.ts';

/** Signatures that one user may have put on one key at the time of upload. */
const MOST_SIGNATURES = 64;
/** A key identifier, and a signature with room for algorithms longer than ed25519's 86 characters. */
const LONGEST_NAME = 255;

export function badJson(message: string): MatrixError {
  return new MatrixError('M_BAD_JSON', message);
}

/**
 * The canonical text of what a client uploaded. What cannot be canonical JSON could neither be signed nor be sent to
 * another server: it would break there, long after the upload.
 *
 * @throws MatrixError M_BAD_JSON, M_TOO_LARGE
 */
export function canonicalUpload(value: Json, what: string, maxBytes: number): string {
  let text: string;
  try {
    text = canonicalJson(value);
  } catch (error) {
    if (error instanceof JsonError) throw badJson(`${what} cannot be canonical JSON: ${error.message}.`);
    throw error;
  }
  if (utf8Length(text) > maxBytes) {
    throw new MatrixError('M_TOO_LARGE', `${what} is larger than ${maxBytes} bytes.`, { status: 400 });
  }
  return text;
}

/** A public key of 32 bytes in unpadded base64. @throws MatrixError M_BAD_JSON */
export function publicKeyBytes(text: Json | undefined, what: string): Uint8Array {
  const bytes = typeof text === 'string' && !text.endsWith('=') ? decodeBase64(text) : undefined;
  if (bytes?.length !== 32) throw badJson(`${what} must be 32 bytes in unpadded base64.`);
  return bytes;
}

/**
 * Checks the shape of `signatures` (user ID to key ID to signature) and gives those of `userId`.
 *
 * @throws MatrixError M_BAD_JSON
 */
export function ownSignatures(value: Json | undefined, userId: string, what: string): JsonObject {
  if (!isObject(value)) throw badJson(`${what} must have an object "signatures".`);
  for (const byKey of Object.values(value)) checkSignaturesOfOne(byKey, what);
  const own = Object.hasOwn(value, userId) ? value[userId] : undefined;
  return isObject(own) ? own : {};
}

function checkSignaturesOfOne(byKey: Json, what: string): void {
  if (!isObject(byKey)) throw badJson(`The signatures of ${what} must be objects of key ID to signature.`);
  const entries = Object.entries(byKey);
  if (entries.length > MOST_SIGNATURES)
    throw badJson(`${what} has more than ${MOST_SIGNATURES} signatures of one user.`);
  for (const [keyId, signature] of entries) {
    if (typeof signature !== 'string' || signature.length > LONGEST_NAME || !isKeyId(keyId)) {
      throw badJson(`${what} has a signature that is none.`);
    }
  }
}

function isKeyId(text: string): boolean {
  return text.length <= LONGEST_NAME && /^[A-Za-z0-9_.]+:./s.test(text);
}

/** Whether `userId` has signed `object` with the key that `ed25519:name` stands for. */
export function isSignedBy(object: JsonObject, userId: string, name: string, publicKey: Uint8Array): boolean {
  return verifyJson(object, userId, `ed25519:${name}`, publicKey, nodeCrypto);
}

export function invalidSignature(message: string): MatrixError {
  return new MatrixError('M_INVALID_SIGNATURE', message);
}

/** A key object without what signing leaves out: equal texts are the same key. */
export function signedPart(object: JsonObject): JsonObject {
  const { signatures: _signatures, unsigned: _unsigned, ...rest } = object;
  return rest;
}
