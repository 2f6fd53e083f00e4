import assert from 'node:assert/strict';
import { testBudget } from '../../../test/support/budget.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { below, createRoom, newTrees, type Seeded, seeded } from '../../../test/support/state-tree.ts';
import { type DagEvent, grow, type Parents, verify } from '../../../test/support/state-tree-dag.ts';

/** A room as it lives: 7 % of events fork from one of the last twenty, forks are merged soon. */
const live: Parents = (random, events) => {
  if (random() < 0.07) return [Math.max(0, events.length - 1 - below(random, 20))];
  const tips = openTips(events);
  return tips.length > 1 && random() < 0.4 ? [tips[0]!, tips[1]!] : [events.length - 1];
};

function openTips(events: readonly DagEvent[]): number[] {
  const recent = events.slice(-60);
  const start = events.length - recent.length;
  const used = new Set(recent.flatMap(event => event.parents));
  return recent.map((_, at) => start + at).filter(at => !used.has(at));
}

/** Four servers that see nothing of each other for 150 events at a time, then everything. */
const splitBrain: Parents = (_, events) => {
  const at = events.length;
  if (at % 150 < 3) return [at - 1, at - 2 - (at % 150)];
  return at % 150 < 7 ? [at - 1] : [at - 4];
};

/** An attacker's: 70 % of events fork from anywhere in the past, some merge anything with anything. */
const hostile: Parents = (random: Seeded, events) => {
  const anywhere = below(random, events.length);
  if (random() < 0.1) return [anywhere, below(random, events.length)];
  return [random() < 0.7 ? anywhere : events.length - 1];
};

onEachDatabase('a living room is at every event what a map is', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const events = await grow({ db, trees, roomNid, random: seeded(1), members: 300 }, 1500, live);
  await verify({ db, trees, roomNid, random: seeded(11) }, events);
});

onEachDatabase('a room in four parts is at every event what a map is', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const events = await grow({ db, trees, roomNid, random: seeded(2), members: 50 }, 1200, splitBrain);
  await verify({ db, trees, roomNid, random: seeded(12) }, events);
});

onEachDatabase('a hostile room is at every event what a map is, with next to no cache', async db => {
  const trees = newTrees(db, testBudget(8_000));
  const roomNid = await createRoom(db);
  const events = await grow({ db, trees, roomNid, random: seeded(3), members: 900 }, 800, hostile);
  await verify({ db, trees, roomNid, random: seeded(13) }, events);
  assert.ok(trees.stats.bytes <= 8_000);
});
