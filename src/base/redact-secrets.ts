/** Keys whose values never reach the log, whatever part they come from. */
const SECRET_KEY = /(^|_|-)(token|secret|password|passwd|authorization|cookie|signature|seed|nonce|mac)s?$/i;
const SECRET_TEXT = /((?:access_token|token|secret|password|invitation)=)[^&\s"']+|(Bearer\s+)[\w.~+/=-]+/gi;
const HIDDEN = '[hidden]';
/** Deeper values are left out: fields of a log entry are meant to be flat. */
const DEEPEST = 4;

/** The fields of a log entry without tokens and passwords: by the names of keys and, in texts, by how they look. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactObject(fields, 0);
}

export function redactText(text: string): string {
  return text.replace(SECRET_TEXT, (_, parameter: string | undefined, bearer: string | undefined) => {
    return `${parameter ?? bearer ?? ''}${HIDDEN}`;
  });
}

function redactObject(value: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET_KEY.test(key) ? HIDDEN : redactValue(inner, depth + 1)]),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEEPEST) return '[...]';
  if (Array.isArray(value)) return value.slice(0, 100).map(inner => redactValue(inner, depth + 1));
  return redactObject(value, depth);
}

function redactError(error: Error, depth: number): unknown {
  const cause = error.cause === undefined || depth >= DEEPEST ? {} : { cause: redactValue(error.cause, depth + 1) };
  return { type: error.name, message: redactText(error.message), stack: redactText(error.stack ?? ''), ...cause };
}
