/** Version of nginx, as `[1, 22]`. */
export type NginxVersion = readonly [major: number, minor: number];

/** Debian's newest. */
export const USUAL_NGINX: NginxVersion = [1, 26];

/** What `nginx -v` said; undefined where that is no version. */
export function parseNginxVersion(said: string): NginxVersion | undefined {
  const [, major, minor] = /nginx\/(\d+)\.(\d+)/.exec(said) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

/** Since 1.25.1 HTTP/2 is switched on by a line of its own; the old way draws a warning then. */
export function hasHttp2Line([major, minor]: NginxVersion): boolean {
  return major > 1 || minor > 25;
}
