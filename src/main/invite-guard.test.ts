import assert from 'node:assert/strict';
import { ratesWith, withAccounts } from '../../test/support/accounts.ts';
import type { ServerName, UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { inviteGuard } from './invite-guard.ts';

const EVIL = 'evil.example' as ServerName;

withAccounts(
  'N110 of a thousand invites in a minute few come through, from one server as for one user',
  async world => {
    const guard = inviteGuard(world);
    const [alice, bob, carol] = [await world.user('alice'), await world.user('bob'), await world.user('carol')];
    const flood = async (origin: (at: number) => string, target: (at: number) => UserId): Promise<number> => {
      let admitted = 0;
      for (let at = 0; at < 1000; at++, world.clock.advance(60)) {
        const one = guard.admit(origin(at) as ServerName, target(at));
        admitted += await one.then(
          () => 1,
          (error: unknown) => (error instanceof MatrixError && error.errcode === 'M_LIMIT_EXCEEDED' ? 0 : Number.NaN),
        );
      }
      return admitted;
    };
    const counts = [
      await flood(
        () => EVIL,
        () => alice.id,
      ),
      await flood(
        at => `s${at}.example`,
        () => bob.id,
      ),
    ];
    world.clock.advance(60_000);
    const ids = [alice.id, bob.id, carol.id];
    counts.push(
      await flood(
        () => EVIL,
        at => ids[at % 3]!,
      ),
    );
    for (const count of counts) assert.ok(count > 5 && count < 40, String(counts));
  },
  { rateLimits: ratesWith({ invite: { per_second: 0.5, burst: 5 } }) },
);

withAccounts('an invite is for somebody who has an account', async world => {
  const guard = inviteGuard(world);
  const alice = await world.user('alice');
  await guard.admit(EVIL, alice.id);
  await assert.rejects(guard.admit(EVIL, '@nobody:copse.test' as UserId), { errcode: 'M_FORBIDDEN' });
  const deactivate = {
    auth: { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'correct horse' },
  };
  const answer = await world.call('POST', 'account/deactivate', { token: alice.token, body: deactivate });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await assert.rejects(guard.admit(EVIL, alice.id), { errcode: 'M_FORBIDDEN' });
});
