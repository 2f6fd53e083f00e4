import { setTimeout as wait } from 'node:timers/promises';
import { hasAll, OLD_ENOUGH_MS, type Site, until } from './doctor-world.ts';
import type { Fault } from './fault.ts';

/** Events that did not come, and what should bring them. */
export const FAULTS_OF_HISTORY: readonly Fault[] = [
  {
    id: 'F28',
    about: 'a transaction of the peer was acknowledged and not stored',
    cause: 'D20',
    async inject(world) {
      const { us, peer } = world;
      const answersHistory = refuseHistory(peer);
      swallow(us);
      const said = [await world.say(peer, 'swallowed')];
      await until(() => us.front.seen.some(each => each.includes('/send/')), 'nothing was sent');
      await wait(300);
      us.front.answering = () => false;
      said.push(await world.say(peer, 'builds on it'));
      await until(() => world.rows(us, 'select 1 from hole').length > 0, 'there is no hole');
      // Else it is filled before anybody looks.
      return async () => {
        answersHistory();
        await world.repair('fill_rooms');
        return hasAll(world, us, said);
      };
    },
  },
  {
    id: 'F29',
    about: 'the tail is lost, and the peer is heard about other things',
    cause: 'D20',
    async inject(world) {
      const { us, peer } = world;
      us.front.seen.length = 0;
      swallow(us);
      const said = [await world.say(peer, 'swallowed')];
      await until(() => us.front.seen.some(each => each.includes('/send/')), 'nothing was sent');
      await wait(300);
      us.front.answering = () => false;
      await peer.user.call('GET', `/v3/profile/${encodeURIComponent('@nobody:us.test')}`);
      await wait(OLD_ENOUGH_MS);
      return () => hasAll(world, us, said);
    },
  },
  {
    id: 'F30',
    about: 'the peer answers 404 for the state before what it sends, and for all else around it',
    cause: 'D21',
    async inject(world) {
      const { us, peer } = world;
      const other = await world.sharedRoom();
      swallow(us);
      const said = [await world.say(peer, 'swallowed'), await world.say(peer, 'swallowed too')];
      await until(() => us.front.seen.filter(each => each.includes('/send/')).length > 1, 'nothing was sent');
      await wait(300);
      us.front.answering = () => false;
      const mended = knowsNoPlaces(peer);
      said.push(await world.say(peer, 'builds on it'));
      await world.arrives(us, await world.say(peer, 'in another room', other), other);
      const isLooping = () => world.rows(us, 'select 1 from inbox where tries > 2').length > 0;
      await until(isLooping, 'it was taken in', 60_000);
      mended();
      return () => hasAll(world, us, said);
    },
  },
];

/** Acknowledges transactions and throws them away. */
function swallow({ front }: Site): void {
  front.answering = ({ url = '' }, answer) => url.includes('/send/') && answer.end('{"pdus":{}}') !== undefined;
}

/** Knows nothing that lies around an event, until the answer is called: then it gives single events. */
function knowsNoPlaces({ front }: Site): () => void {
  const none = JSON.stringify({ errcode: 'M_NOT_FOUND', error: 'Event not found.' });
  let isMute = true;
  front.answering = ({ url = '' }, answer) => {
    if (url.includes('get_missing_events')) return answer.end('{"events":[]}') !== undefined;
    if (url.includes('/backfill/')) return answer.end('{"pdus":[]}') !== undefined;
    const isRefused = /\/state(_ids)?\//.test(url) || (isMute && url.includes('/event/'));
    return isRefused && answer.writeHead(404).end(none) !== undefined;
  };
  return () => {
    isMute = false;
  };
}

/** Refuses what fills holes, until the answer is called. */
function refuseHistory({ front }: Site): () => void {
  front.answering = ({ url = '' }, answer) =>
    /backfill|get_missing_events|\/event\//.test(url) && answer.writeHead(503).end('{}') !== undefined;
  return () => {
    front.answering = () => false;
  };
}
