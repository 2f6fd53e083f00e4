import { eventually } from '../../federation/api-user.ts';
import { rightSettings, type SynapseWorld } from './synapse-world.ts';

/** What a trace of an event has to say, line by line. */
interface Traced {
  readonly about: string;
  readonly text: string;
  readonly says: readonly RegExp[];
}

/** A message of Copse, the answer of Synapse to it, and one of Synapse that Copse does not show. Prints the traces. */
export async function tracesPlayed(world: SynapseWorld): Promise<boolean> {
  const traced = [...(await talk(world)), await refusal(world)];
  for (const { about, text, says } of traced) {
    console.log(`--- ${about}\n${text.trimEnd()}`);
    for (const line of says.filter(each => !each.test(text))) console.log(`     it does not say ${line}`);
  }
  const isGood = traced.every(({ text, says }) => says.every(line => line.test(text)));
  console.log(`${isGood ? 'ok  ' : 'BAD '} S7  traces of ${traced.length} events through Copse and Synapse`);
  return isGood;
}

async function talk(world: SynapseWorld): Promise<Traced[]> {
  const { carl, sue } = world;
  const [room] = world.rooms;
  const { next_batch: since } = await carl.sync();
  const question = await carl.say(room, 'a question');
  await eventually('the question is there', async () => (await sue.bodies(room)).includes('a question'));
  const answer = await sue.say(room, 'an answer');
  await eventually('the answer is there', async () => (await carl.bodies(room)).includes('an answer'));
  // A device asks on from what it was given.
  const { next_batch: next } = await carl.sync(String(since));
  await carl.sync(String(next));
  return [
    {
      about: 'from Copse to Synapse',
      text: await world.copseCommand('trace', question, '--ask'),
      says: [
        /^signed +copse\.test: ed25519:\S+, good$/m,
        /^judged +accepted$/m,
        /^sent +nothing of it waits for 1 server in the room: synapse\.test:8449$/m,
        /^devices +given to 1 device that asked on after it: @carl:copse\.test /m,
        /^there +stands under what the room ends with at: synapse\.test:8449$/m,
      ],
    },
    {
      about: 'from Synapse back to Copse',
      text: await world.copseCommand('trace', answer),
      says: [
        /^received +\S+ \S+ UTC from synapse\.test:8449, which sent it$/m,
        /^signed +synapse\.test:8449: ed25519:\S+, good$/m,
        /^judged +accepted$/m,
        /^devices +given to 1 device/m,
      ],
    },
  ];
}

/** What Synapse's user may say while Synapse does not know yet that only moderators may speak. */
async function refusal(world: SynapseWorld): Promise<Traced> {
  const { carl, sue, copse, nginx, chain } = world;
  const [, room] = world.rooms;
  const levels = (await carl.state(room, 'm.room.power_levels')) ?? {};
  await nginx.put(chain, `location /_matrix/ { return 502; } ${rightSettings(copse.url)}`);
  const refused = await sue.say(room, 'not for you');
  await carl.setState(room, 'm.room.power_levels', { ...levels, events_default: 50 });
  await world.mendFront();
  await world.examine();
  const isHere = async () => !(await world.copseCommand('trace', refused)).includes('never heard');
  await eventually('Synapse has brought it', isHere, 90_000);
  return {
    about: 'refused',
    text: `${await world.copseCommand('trace', refused)}\n${await world.copseCommand('trace', '--room', room, '--user', sue.id)}`,
    says: [/^judged +soft-failed, shown to nobody: .+$/m, /by @sue:synapse\.test:8449, soft-failed: /m],
  };
}
