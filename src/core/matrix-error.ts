/**
 * The one table of Matrix error codes with the HTTP status that goes with each unless the place that throws
 * says otherwise. Source: client-server API, "Standard error response" and the operations' own codes.
 */
export const ERRCODES = {
  M_FORBIDDEN: 403,
  M_UNKNOWN_TOKEN: 401,
  M_MISSING_TOKEN: 401,
  M_USER_LOCKED: 401,
  M_USER_SUSPENDED: 403,
  M_USER_LIMIT_EXCEEDED: 403,
  M_BAD_JSON: 400,
  M_NOT_JSON: 400,
  M_NOT_FOUND: 404,
  M_LIMIT_EXCEEDED: 429,
  M_UNRECOGNIZED: 404,
  M_UNKNOWN: 500,
  M_UNAUTHORIZED: 401,
  M_USER_DEACTIVATED: 403,
  M_USER_IN_USE: 400,
  M_INVALID_USERNAME: 400,
  M_ROOM_IN_USE: 409,
  M_INVALID_ROOM_STATE: 400,
  M_THREEPID_IN_USE: 400,
  M_THREEPID_NOT_FOUND: 400,
  M_THREEPID_AUTH_FAILED: 403,
  M_THREEPID_DENIED: 403,
  M_SERVER_NOT_TRUSTED: 403,
  M_UNSUPPORTED_ROOM_VERSION: 400,
  M_INCOMPATIBLE_ROOM_VERSION: 400,
  M_BAD_STATE: 400,
  M_GUEST_ACCESS_FORBIDDEN: 403,
  M_CAPTCHA_NEEDED: 401,
  M_CAPTCHA_INVALID: 401,
  M_MISSING_PARAM: 400,
  M_INVALID_PARAM: 400,
  M_TOO_LARGE: 413,
  M_EXCLUSIVE: 400,
  M_RESOURCE_LIMIT_EXCEEDED: 403,
  M_CANNOT_LEAVE_SERVER_NOTICE_ROOM: 403,
  M_THREEPID_MEDIUM_NOT_SUPPORTED: 400,
  M_INVALID_SIGNATURE: 400,
  M_WRONG_ROOM_KEYS_VERSION: 403,
  M_DUPLICATE_ANNOTATION: 400,
  M_UNABLE_TO_AUTHORISE_JOIN: 400,
  M_UNABLE_TO_GRANT_JOIN: 400,
  M_BAD_ALIAS: 400,
  M_NOT_YET_UPLOADED: 504,
  M_CANNOT_OVERWRITE_MEDIA: 409,
  M_UNKNOWN_POS: 400,
  M_URL_NOT_SET: 400,
  M_BAD_STATUS: 502,
  M_CONNECTION_FAILED: 502,
  M_CONNECTION_TIMEOUT: 504,
  M_WEAK_PASSWORD: 400,
  M_KEY_TOO_LARGE: 400,
  M_PROFILE_TOO_LARGE: 400,
  M_INVITE_BLOCKED: 403,
  M_UNKNOWN_DEVICE: 404,
  'ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL': 403,
} as const;

export type Errcode = keyof typeof ERRCODES;

/** An error that is answered to the caller as the specification says: `{errcode, error, ...fields}`. */
export class MatrixError extends Error {
  readonly errcode: Errcode;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    errcode: Errcode,
    message: string,
    options: { status?: number; fields?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'MatrixError';
    this.errcode = errcode;
    this.status = options.status ?? ERRCODES[errcode];
    this.fields = options.fields ?? {};
  }

  toJSON(): Record<string, unknown> {
    return { ...this.fields, errcode: this.errcode, error: this.message };
  }
}

export function forbidden(message: string): MatrixError {
  return new MatrixError('M_FORBIDDEN', message);
}

export function notFound(message: string): MatrixError {
  return new MatrixError('M_NOT_FOUND', message);
}

export function invalidParam(message: string, options: { status?: number } = {}): MatrixError {
  return new MatrixError('M_INVALID_PARAM', message, options);
}
