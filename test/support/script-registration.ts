import { createHmac } from 'node:crypto';
import type { JsonObject } from '../../src/core/json.ts';
import { SHARED_SECRET } from './running-server.ts';

export interface MadeByScript {
  readonly userId: string;
  readonly token: string;
}

/** Makes an account as scripts of operators do (`/_synapse/admin/v1/register`), whatever registration says. */
export async function registerByScript(base: string, username: string, admin = false): Promise<MadeByScript> {
  const url = `${base}/_synapse/admin/v1/register`;
  const { nonce } = (await (await fetch(url)).json()) as { nonce: string };
  const password = `password of ${username}`;
  const mac = createHmac('sha1', SHARED_SECRET)
    .update([nonce, username, password, admin ? 'admin' : 'notadmin'].join('\0'))
    .digest('hex');
  const body = JSON.stringify({ nonce, username, password, admin, mac });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const made = (await response.json()) as JsonObject;
  if (!response.ok) throw new Error(`The account ${username} cannot be made: ${JSON.stringify(made)}`);
  return { userId: String(made.user_id), token: String(made.access_token) };
}
