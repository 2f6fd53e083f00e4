/** What the OAuth 2.0 API needs from parts above. */
export interface OAuthPorts {
  /** The public address of this server, without a slash at the end. */
  readonly base: string;
  /** Seals the forms of pages. */
  readonly secret: Uint8Array;
}
