import { openSealedText, sealText } from '../../base/sealed-text.ts';

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
  return sealText('invitation', invitation, secret);
}

/** The invitation, or undefined when it is not one of ours or has expired. */
export function openInvitation(text: string, secret: Uint8Array, now: number): Invitation | undefined {
  const invitation = openSealedText('invitation', text, secret) as Invitation | undefined;
  if (invitation === undefined || invitation.expires <= now) return undefined;
  return { ...invitation, localpart: invitation.localpart ?? undefined };
}
