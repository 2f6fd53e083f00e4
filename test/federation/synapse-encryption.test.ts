import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ClientProcess } from '../clients/js-sdk/client-process.ts';
import { type ApiUser, eventually } from './api-user.ts';
import { USER_PASSWORD } from './synapse.ts';
import { type TwoServers, twoServersIfAny, whyNoSynapse } from './two-servers.ts';

const EACH_WAY = 20;

/** matrix-js-sdk with its Rust encryption, of a user of one of the servers. */
interface Person {
  readonly user: ApiUser;
  readonly localpart: string;
  readonly url: string;
  readonly client: ClientProcess;
}

suite('encrypted rooms that Copse and Synapse share', { concurrency: 1 }, () => {
  let servers: TwoServers | undefined;
  const clients: ClientProcess[] = [];
  const people: Person[] = [];

  const newClient = async (localpart: string, url: string) => {
    const client = new ClientProcess(url);
    clients.push(client);
    await client.do('logIn', localpart, USER_PASSWORD);
    await client.do('start', { encryption: true });
    return client;
  };

  before(async () => {
    servers = await twoServersIfAny();
    if (servers === undefined) return;
    const users = [await servers.copseUser('carl'), await servers.synapse.user('sue')];
    const urls = [servers.copse.url, servers.synapse.url];
    for (const [at, user] of users.entries()) {
      const [localpart, url] = [user.id.slice(1, user.id.indexOf(':')), urls[at] ?? ''];
      people.push({ user, localpart, url, client: await newClient(localpart, url) });
    }
  });

  after(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
  });

  for (const [at, whose] of ['of Copse', 'of Synapse'].entries())
    test(`a room ${whose}`, async t => {
      const [host, visitor] = [people[at], people[1 - at]];
      if (host === undefined || visitor === undefined) return t.skip(whyNoSynapse());
      const room = await host.client.do('createEncryptedRoom', { name: 'Secrets' });
      await host.client.do('invite', room, visitor.user.id);
      await eventually(
        'the invite arrives',
        async () => (await visitor.client.do('room', room))?.membership === 'invite',
      );
      await visitor.client.do('join', room);
      await eventually(
        'the host sees the visitor',
        async () => (await host.client.do('members', room))[visitor.user.id]?.membership === 'join',
      );
      await eventually('the visitor has more than the invite', async () => {
        const seen = await visitor.client.do('room', room);
        return seen?.membership === 'join' && seen.encrypted;
      });
      await t.test('messages are read each way', () => talk(room, host, visitor));
      await t.test('a new device of each reads what is said from then on', async () => {
        for (const [from, to] of [
          [host, visitor],
          [visitor, host],
        ] as const) {
          const device = await newClient(to.localpart, to.url);
          const { device_id: id = '' } = await device.do('whoami');
          await eventually('the other side learns of it', () => knows(from.client, to.user.id, id));
          await from.client.do('sendText', room, `to the new device ${id}`);
          await reads(device, room, from.user.id, [`to the new device ${id}`]);
        }
      });
    });
});

async function talk(room: string, host: Person, visitor: Person): Promise<void> {
  const said = (person: Person) => Array.from({ length: EACH_WAY }, (_, at) => `${person.localpart} ${at}`);
  await Promise.all([host, visitor].map(person => person.client.do('sendTexts', room, said(person))));
  await reads(visitor.client, room, host.user.id, said(host));
  await reads(host.client, room, visitor.user.id, said(visitor));
  assert.deepEqual(await visitor.client.do('bodiesOf', room, host.user.id), said(host));
  assert.deepEqual(await host.client.do('bodiesOf', room, visitor.user.id), said(visitor));
}

/** It has decrypted these, and shows nothing of that sender that it could not. */
async function reads(client: ClientProcess, room: string, sender: string, bodies: readonly string[]): Promise<void> {
  const has = async () => {
    const all = await client.do('bodiesOf', room, sender);
    return bodies.every(body => all.includes(body));
  };
  await eventually(`what ${sender} says is read`, has).catch(async error => {
    console.error(await client.do('bodiesOf', room, sender), client.warnings.slice(-10).join('\n'));
    throw error;
  });
}

async function knows(client: ClientProcess, user: string, device: string): Promise<boolean> {
  return (await client.do('deviceTrust', user, device)) !== undefined;
}
