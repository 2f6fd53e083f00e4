import { compileGlob } from '../core/glob.ts';
import { domainOf, type UserId } from '../core/ids.ts';
import { getArray, getOwn, getString, type JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { oneItem } from './account-data.table.ts';

/** What becomes of an invite: it is shown, dropped without a word to the inviter, or refused. */
export type InviteDecision = 'allow' | 'ignore' | 'block';

const PERMISSION = ['m.invite_permission_config', 'org.matrix.msc4380.invite_permission_config'];
const FILTER = 'org.matrix.msc4155.invite_permission_config';

/** What a user of this server has set about invites from somebody (client-server API, "Invite permission"; MSC4155). */
export async function inviteDecision(db: Queryable, userNid: number, sender: UserId): Promise<InviteDecision> {
  for (const type of PERMISSION) {
    const content = await oneItem(db, userNid, undefined, type);
    if (content !== undefined && getString(content, 'default_action') === 'block') return 'block';
  }
  const filter = await oneItem(db, userNid, undefined, FILTER);
  return filter === undefined ? 'allow' : filteredInvite(filter, sender);
}

/** The first list with the sender in it decides; what is said of a user goes before what is said of their server. */
const LISTS = [
  ['allowed_users', 'allow'],
  ['ignored_users', 'ignore'],
  ['blocked_users', 'block'],
  ['allowed_servers', 'allow'],
  ['ignored_servers', 'ignore'],
  ['blocked_servers', 'block'],
] as const;

/** By the lists of MSC4155, whose entries are globs. Whatever is no list or no text is skipped. */
export function filteredInvite(filter: JsonObject, sender: UserId): InviteDecision {
  if (getOwn(filter, 'enabled') === false) return 'allow';
  const server = domainOf(sender);
  for (const [key, decision] of LISTS) {
    const isServers = key.endsWith('_servers');
    const subject = isServers ? server : sender;
    const matches = (entry: unknown) =>
      typeof entry === 'string' && compileGlob(entry, { ignoreCase: isServers })(subject);
    if ((getArray(filter, key) ?? []).some(matches)) return decision;
  }
  return 'allow';
}
