import { type Random, randomToken } from '../../base/random.ts';

/** What `copse token` prints and `copse join` takes: whom to trust, and why one is let in. */
export interface Invitation {
  /** SHA-256 of the cluster's certificate authority (DER), 32 bytes in base64url. */
  readonly authority: string;
  /** Good once, 16 bytes in base64url. */
  readonly secret: string;
}

const FORM = /^copse1\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{22})$/;

export function newSecret(random: Random): string {
  return randomToken(random, 16);
}

export function invitationText({ authority, secret }: Invitation): string {
  return `copse1.${authority}.${secret}`;
}

/** Undefined for what is no invitation. */
export function parseInvitation(text: string): Invitation | undefined {
  const [, authority, secret] = FORM.exec(text.trim()) ?? [];
  return authority === undefined || secret === undefined ? undefined : { authority, secret };
}
