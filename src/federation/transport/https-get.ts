/** What one GET over HTTPS answered; redirects are not followed. */
export interface HttpsAnswer {
  readonly status: number;
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

export interface HttpsGetLimits {
  /** A longer answer is an error. */
  readonly maxBytes: number;
  /** From the first packet to the last. */
  readonly timeoutMs: number;
}

/**
 * HTTPS as a parameter. Connects to public addresses only and checks the certificate against the URL's host.
 * @throws when there is no answer within the limits
 */
export type HttpsGet = (url: URL, limits: HttpsGetLimits) => Promise<HttpsAnswer>;
