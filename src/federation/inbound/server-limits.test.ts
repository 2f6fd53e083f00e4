import assert from 'node:assert/strict';
import { testBudget } from '../../../test/support/budget.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { TWO } from '../../../test/support/remote-events.ts';
import { TalkingServers } from '../../../test/support/talking-servers.ts';
import { type LimitName, type LimitRates, RateLimits } from '../../accounts/rate-limits.ts';
import type { ServerName } from '../../core/ids.ts';
import { Allowances } from './allowances.ts';
import { allowanceOf } from './peer-allowance.table.ts';
import { ServerLimits } from './server-limits.ts';

const STRANGER = 'stranger.example' as ServerName;
const RATES = { search: { per_second: 0.001, burst: 3 } } as LimitRates;

onEachDatabase('servers are counted by their names, and those that were raised may ask as much more', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { here } = servers;
  await servers.sharedRoom();
  const buckets = new RateLimits(here.clock, RATES, testBudget());
  const limits = new ServerLimits<LimitName>(here, (limit, bucket) => buckets.countKey(limit, bucket));
  /** How many of ten requests pass. */
  const passed = async (server: ServerName) => {
    let passed = 0;
    for (let at = 0; at < 10; at++) {
      const refused = await limits.count('search', server).catch((error: { errcode?: string }) => error);
      if (refused === undefined) passed++;
      else assert.equal(refused.errcode, 'M_LIMIT_EXCEEDED');
    }
    return passed;
  };
  assert.equal(await passed(TWO), 3);
  assert.equal(await passed(STRANGER), 3, 'another server has its own');
  const two = (await here.nids.domains.findOne(db, TWO)) ?? 0;
  assert.equal((await allowanceOf(db, two))?.limited, 1, 'the others are written down later');
  assert.equal(await here.nids.domains.findOne(db, STRANGER), undefined, 'nothing is kept of a stranger');
  assert.equal(await passed(TWO), 0);
  await new Allowances(here).raise(two);
  assert.equal(await passed(TWO), 3, 'as much again');
  assert.equal(await passed(TWO), 0);
});
