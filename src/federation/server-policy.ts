import type { ServerName } from '../core/ids.ts';
import { compileServerAcl, type ServerAcl } from '../core/server-acl.ts';

/** The settings `federation.allow` and `federation.deny`. */
export interface PolicySettings {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/**
 * The servers that the operator wants to have to do with, by patterns like those of server ACLs in rooms. Published block
 * lists are long: all of it counts.
 */
export function serverPolicy({ allow, deny }: PolicySettings): ServerAcl {
  return compileServerAcl({ allow: allow.length === 0 ? ['*'] : [...allow], deny: [...deny] }, Infinity);
}

/** What the operator has hardly meant: to talk to nobody, or to shut out this server itself, which is not possible. */
export function policyWarnings({ deny }: PolicySettings, own: ServerName): string[] {
  const every = deny.find(pattern => /^\*+(\.\*+)?$/.test(pattern));
  if (every !== undefined)
    return [`federation.deny has "${every}", which is every server: this one will not talk to any other.`];
  if (serverPolicy({ allow: [], deny }).allows(own)) return [];
  return [`federation.deny has a pattern that is this server, ${own}, too: that has no effect.`];
}
