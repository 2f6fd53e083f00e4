import { compileGlob, type Glob } from './glob.ts';
import { parseServerName } from './ids.ts';
import { getArray, getOwn, type JsonObject } from './json.ts';

/** Patterns read from one list of an event, which in 64 KiB holds at most about 16,000 of them. */
const MOST_PATTERNS = 20_000;

/** A server ACL ready to be asked many times. */
export interface ServerAcl {
  /** Whether the server may take part in the room. `server` may carry a port, which does not count. */
  allows(server: string): boolean;
}

/** A room without m.room.server_acl: everyone may. */
export const OPEN_ACL: ServerAcl = { allows: () => true };

/**
 * Reads the content of m.room.server_acl (client-server API, "m.room.server_acl"). Plain names go into a set, so that
 * long block lists cost nothing; only real patterns are walked, `mostPatterns` of each list. Entries that are no strings
 * are skipped.
 */
export function compileServerAcl(content: JsonObject, mostPatterns = MOST_PATTERNS): ServerAcl {
  const deny = compileList(getArray(content, 'deny') ?? [], mostPatterns);
  const allow = compileList(getArray(content, 'allow') ?? [], mostPatterns);
  const allowIpLiterals = getOwn(content, 'allow_ip_literals') !== false;
  return {
    allows(server) {
      const parsed = parseServerName(server);
      // What is no server name cannot be let in by a pattern that happens to match.
      if (parsed === undefined) return false;
      if (parsed.kind !== 'dns' && !allowIpLiterals) return false;
      const host = parsed.host.toLowerCase();
      return !deny(host) && allow(host);
    },
  };
}

/** Which part of an ACL keeps a server out, in the words of the event; undefined where none does. */
export function ruleAgainst(content: JsonObject, server: string): string | undefined {
  if (compileServerAcl(content).allows(server)) return undefined;
  const parsed = parseServerName(server);
  if (parsed === undefined) return 'it is no server name';
  if (parsed.kind !== 'dns' && getOwn(content, 'allow_ip_literals') === false) return 'allow_ip_literals: false';
  const denied = (getArray(content, 'deny') ?? []).find(entry => compileList([entry], 1)(parsed.host.toLowerCase()));
  return denied === undefined ? 'no entry of allow' : `deny: ${String(denied)}`;
}

function compileList(entries: readonly unknown[], mostPatterns: number): Glob {
  const plain = new Set<string>();
  const patterns = new Map<string, Glob>();
  for (const entry of entries) {
    if (typeof entry !== 'string') continue;
    if (!/[*?]/.test(entry)) plain.add(entry.toLowerCase());
    else if (patterns.size < mostPatterns && !patterns.has(entry))
      patterns.set(entry, compileGlob(entry, { ignoreCase: true }));
  }
  const globs = [...patterns.values()];
  return host => plain.has(host) || globs.some(glob => glob(host));
}
