import { createHmac, timingSafeEqual } from 'node:crypto';

/** Permission to make one account and choose its password. */
export interface Invitation {
  /** The name of the account; undefined lets the guest choose, which only the first administrator may. */
  readonly localpart: string | undefined;
  readonly admin: boolean;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * An invitation as a text for a link, signed with a secret of this installation. Nothing is stored: an invitation for a
 * name is used up when the account exists, and one for the first administrator when there is one.
 */
export function sealInvitation(invitation: Invitation, secret: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(invitation)).toString('base64url');
  return `${payload}.${sealOf(payload, secret).toString('base64url')}`;
}

/** The invitation, or undefined when it is not one of ours or has expired. */
export function openInvitation(text: string, secret: Uint8Array, now: number): Invitation | undefined {
  const [payload = '', seal = '', ...rest] = text.split('.');
  const given = Buffer.from(seal, 'base64url');
  const expected = sealOf(payload, secret);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const invitation = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Invitation;
  return invitation.expires > now ? { ...invitation, localpart: invitation.localpart ?? undefined } : undefined;
}

function sealOf(payload: string, secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`copse-invitation:${payload}`).digest();
}
