import { type Call, Outcomes, send } from '../bench/overload-client.ts';

const MIB = 1024 * 1024;
const V3 = '/_matrix/client/v3';
/** Keys of a user's rooms, as one upload. */
const KEYS = JSON.stringify({ rooms: {}, padding: 'x'.repeat(4 * MIB) });
const BACKUP = JSON.stringify({
  algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2',
  auth_data: { public_key: 'abcdefg', signatures: {} },
});

/** How many of a crowd ask for everything, and how many bring their keys. */
export interface Crowd {
  readonly syncs: number;
  readonly backups: number;
}

/**
 * A crowd on lines so slow that nobody reads anything, or sends the last byte of anything, before everybody has got the
 * beginning of an answer or has sent all but that byte: all that is taken from them or given to them is there at once.
 */
export async function slowCrowd(url: string, token: string, { syncs, backups }: Crowd): Promise<Outcomes> {
  await send(url, { method: 'POST', path: `${V3}/room_keys/version`, token, body: BACKUP });
  const outcomes = new Outcomes();
  const everybody = Promise.withResolvers<void>();
  let left = syncs + backups;
  const ask = async (call: Call) => {
    let isThere = false;
    const arrive = () => {
      if (!isThere && --left === 0) everybody.resolve();
      isThere = true;
      return everybody.promise;
    };
    // Whoever is answered before the end of what it brings brings no more of it.
    const readAfter = call.method === 'GET' ? arrive : async () => void arrive();
    outcomes.count(await send(url, { ...call, readAfter, endAfter: arrive }));
    void arrive();
  };
  const sync = { method: 'GET', path: `${V3}/sync`, token } as const;
  const backup = { method: 'PUT', path: `${V3}/room_keys/keys?version=1`, token, body: KEYS } as const;
  const calls = [...Array.from({ length: backups }, () => backup), ...Array.from({ length: syncs }, () => sync)];
  await Promise.all(calls.map(ask));
  return outcomes;
}
