import { compileServerAcl, type ServerAcl } from '../core/server-acl.ts';

/**
 * The servers that the operator wants to have to do with: the settings `federation.allow` and `federation.deny`, patterns
 * like those of server ACLs in rooms.
 */
export function serverPolicy(settings: {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}): ServerAcl {
  const { allow, deny } = settings;
  return compileServerAcl({ allow: allow.length === 0 ? ['*'] : [...allow], deny: [...deny] });
}
