/** The error codes of the endpoints that clients call (RFC 6749 section 5.2, 7591 section 3.2.2, 8628 section 3.5). */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'temporarily_unavailable'
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token';

const STATUS: Partial<Readonly<Record<OAuthErrorCode, number>>> = { temporarily_unavailable: 503 };

/** An error that is answered as OAuth 2.0 says: `{error, error_description}`. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly status: number;

  /** `message`: for developers, in the characters that RFC 6749 allows (printable ASCII but `"` and `\`). */
  constructor(code: OAuthErrorCode, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = 'OAuthError';
    this.code = code;
    this.status = STATUS[code] ?? 400;
  }

  toJSON() {
    return { error: this.code, error_description: this.message };
  }
}
