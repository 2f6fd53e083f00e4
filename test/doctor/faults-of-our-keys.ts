import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandom } from '../../src/base/random.ts';
import { newSecrets } from '../../src/main/data-folder.ts';
import { federationWith } from '../support/federation-settings.ts';
import { type DoctorWorld, type Site, US, until } from './doctor-world.ts';
import type { Fault, Repaired } from './fault.ts';

const NOTARY = 'notary.test';

/** What others know our own events by. */
export const FAULTS_OF_OUR_KEYS: readonly Fault[] = [
  {
    id: 'F25',
    about: 'our signing key was replaced, and nobody has the old one',
    cause: 'D16',
    async inject(world) {
      const said = await world.say(world.us, 'signed with the old key');
      await replaceKey(world.us);
      return isReadByNewcomers(world, said);
    },
  },
  {
    id: 'F25c',
    about: 'our signing key was replaced, and a notary has the old one',
    cause: 'D16',
    settings: { federation: federationWith({ trusted_key_servers: [NOTARY] }) },
    async inject(world) {
      const said = await world.say(world.us, 'signed with the old key');
      const old = await publishedBy(world.us);
      await world.scripted(NOTARY, ({ url }, answer) => {
        if (url !== '/_matrix/key/v2/query') return false;
        answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ server_keys: [old] }));
        return true;
      });
      await replaceKey(world.us);
      const isRead = isReadByNewcomers(world, said);
      return async () => readFileSync(join(world.us.server.folder, 'old-signing-keys'), 'utf8') !== '' && isRead();
    },
  },
];

async function replaceKey({ server }: Site): Promise<void> {
  await server.stop();
  writeFileSync(join(server.folder, 'signing.key'), `${newSecrets(systemRandom).signingKey}\n`);
  await server.start();
}

async function publishedBy({ server }: Site): Promise<unknown> {
  return (await fetch(`${server.url}/_matrix/key/v2/server`)).json();
}

/** Whether a server that has never seen us before comes into the room through us, and believes what we said there. */
function isReadByNewcomers(world: DoctorWorld, said: string): Repaired {
  return async () => {
    const third = await world.third();
    const room = encodeURIComponent(world.roomId);
    await third.user.ok('POST', `/v3/join/${room}?via=${US}`, {});
    const isRead = async () => {
      const { chunk } = await third.user.ok('GET', `/v3/rooms/${room}/messages?dir=b&limit=100`);
      return JSON.stringify(chunk).includes(said);
    };
    await until(isRead, 'a newcomer does not see what we said');
    return true;
  };
}
