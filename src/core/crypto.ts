/** The two primitives the core needs from outside. Both are synchronous and must never throw on bad input. */
export interface EventCrypto {
  /** SHA-256 of `data`, 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** Whether `signature` (64 bytes) over `message` was made by the ed25519 key `publicKey` (32 bytes). */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** A private ed25519 key that signs in the name of one server. */
export interface SigningKey {
  /** Signing key identifier with its algorithm, such as `ed25519:abc`. */
  readonly keyId: string;
  /** The 32 bytes of the public key. */
  readonly publicKey: Uint8Array;
  /** The 64 bytes of the signature over `message`. */
  sign(message: Uint8Array): Uint8Array;
}
