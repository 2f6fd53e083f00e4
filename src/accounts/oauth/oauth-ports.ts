/** What the OAuth 2.0 API needs from parts above. */
export interface OAuthPorts {
  /** The public address of this server, without a slash at the end. */
  readonly base: string;
  /** The page on which people allow that their cross-signing keys are replaced. */
  readonly resetPage: string;
  /** Seals the forms of pages. */
  readonly secret: Uint8Array;
}
