import { hash } from 'node:crypto';
import { type Random, randomToken } from '../base/random.ts';

/** Shown at the start of each token, so that a leaked one can be told for what it is. */
export type TokenKind = 'cpa' | 'cpr' | 'cpl' | 'cpo' | 'cpb' | 'cpc' | 'cpd';

/** No token of ours is longer: what is gets no further than here. */
const MAX_LENGTH = 200;

export interface SecretToken {
  /** Given to the client once and kept nowhere. */
  readonly token: string;
  /** What is stored. */
  readonly hash: Uint8Array;
}

/** A token with 256 bits of randomness, and its hash. */
export function newSecretToken(random: Random, kind: TokenKind): SecretToken {
  const token = `${kind}_${randomToken(random, 32)}`;
  return { token, hash: hash('sha256', token, 'buffer') };
}

/** The stored form of a token that a client shows; undefined when it cannot be one of ours. */
export function hashSecretToken(token: string): Buffer | undefined {
  return token.length > MAX_LENGTH ? undefined : hash('sha256', token, 'buffer');
}
