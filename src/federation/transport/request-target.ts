export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** A path whose inserted parts are percent-encoded: ``path`/_matrix/federation/v1/state/${roomId}` ``. */
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.reduce((text, next, at) => `${text}${encodeURIComponent(parts[at - 1] ?? '')}${next}`);
}

/** Path and query as they stand in the request line and are signed. */
export function requestTarget(path: string, query: Readonly<Record<string, QueryValue>> = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const values = value === undefined ? [] : Array.isArray(value) ? (value as readonly string[]) : [String(value)];
    return values.map(each => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`);
  });
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}
