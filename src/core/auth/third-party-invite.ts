import { decodeBase64, decodeBase64Url } from '../base64.ts';
import type { EventCrypto } from '../crypto.ts';
import type { Event } from '../event.ts';
import { getArray, getObject, getString, isObject, type Json, type JsonObject } from '../json.ts';
import { signingKeyIds, verifyJson } from '../signatures.ts';
import { ALLOW, type AuthVerdict, reject, type StateLookup } from './verdict.ts';

/** Signatures tried for one invite: an event of 64 KiB could ask for tens of thousands of verifications. */
const MAX_TRIES = 64;

/** Rule 5.4.1 (v12 numbering): an invite that fulfils a third-party invite. That the target is banned was checked before. */
export function checkThirdPartyInvite(
  event: Event,
  target: string,
  state: StateLookup,
  crypto: EventCrypto | undefined,
): AuthVerdict {
  const no = (reason: string): AuthVerdict => reject('member.third_party_invite', reason);
  // 5.4.1.2
  const signed = getObject(getObject(event.content, 'third_party_invite') ?? {}, 'signed');
  if (signed === undefined) return no('third-party invite has no signed part');
  // 5.4.1.3
  const mxid = getString(signed, 'mxid');
  const token = getString(signed, 'token');
  if (mxid === undefined || token === undefined) return no('signed part names no mxid or token');
  // 5.4.1.4
  if (mxid !== target) return no('signed part is for another user');
  // 5.4.1.5
  const offer = state('m.room.third_party_invite', token);
  if (offer === undefined) return no('room has no third-party invite with this token');
  // 5.4.1.6
  if (offer.sender !== event.sender) return no('sender did not make the third-party invite');
  // 5.4.1.7
  if (crypto !== undefined && isSignedByAny(signed, publicKeys(offer.content), crypto)) return ALLOW;
  // 5.4.1.8
  return no('no key of the third-party invite has signed');
}

/** Both places that rule 5.4.1.7 names. */
function publicKeys(content: JsonObject): Uint8Array[] {
  const listed = getArray(content, 'public_keys') ?? [];
  const texts = [content.public_key, ...listed.map(entry => (isObject(entry) ? entry.public_key : undefined))];
  return texts.map(decodeKey).filter(key => key !== undefined);
}

/** Identity servers hand out either alphabet. */
function decodeKey(text: Json | undefined): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined;
  const key = decodeBase64(text) ?? decodeBase64Url(text);
  return key?.length === 32 ? key : undefined;
}

function isSignedByAny(signed: JsonObject, keys: readonly Uint8Array[], crypto: EventCrypto): boolean {
  let tries = 0;
  for (const signer of Object.keys(getObject(signed, 'signatures') ?? {})) {
    for (const keyId of signingKeyIds(signed, signer)) {
      for (const key of keys) {
        if (++tries > MAX_TRIES) return false;
        if (verifyJson(signed, signer, keyId, key, crypto)) return true;
      }
    }
  }
  return false;
}
