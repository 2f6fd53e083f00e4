import assert from 'node:assert/strict';
import { type Caller, PASSWORD, withAdmin } from '../../../../test/support/admin-world.ts';

interface Entry {
  readonly id: number;
  readonly ts: number;
  readonly user_id: string;
  readonly ip: string;
  readonly method: string;
  readonly path: string;
}

const audit = async (by: Caller, query = '') => {
  const { audit: entries } = await by.ok('GET', `v1/audit${query}`);
  return entries as unknown as Entry[];
};

withAdmin('N206 new passwords and impersonation are written down, with who did it to whom', async (world, root) => {
  const alice = await world.user('alice');
  await root.ok('POST', `v1/reset_password/${alice.id}`, { new_password: 'the secret of alice' });
  const { access_token: token } = await root.ok('POST', `v1/users/${alice.id}/login`);
  await root.ok('GET', `v2/users/${alice.id}`);
  const entries = await audit(root);
  assert.deepEqual(
    entries.map(({ user_id, ip, method, path }) => [user_id, ip, method, path]),
    [
      [root.id, '127.0.0.1', 'POST', `/_synapse/admin/v1/users/${alice.id}/login`],
      [root.id, '127.0.0.1', 'POST', `/_synapse/admin/v1/reset_password/${alice.id}`],
    ],
  );
  assert.ok(entries.every(({ ts }) => Math.abs(ts - Date.now()) < 60_000));
  assert.doesNotMatch(JSON.stringify(entries), /secret|syt|cpa_/);
  const asAlice = world.caller(alice.id, String(token));
  await asAlice.refused(403, 'M_FORBIDDEN', 'GET', 'v1/audit');
  await asAlice.refused(403, 'M_FORBIDDEN', 'POST', `v1/reset_password/${root.id}`, { new_password: PASSWORD });
  assert.equal((await audit(root)).length, 2, 'nothing was done by somebody who may not');
});

withAdmin('what was asked is written down also when it fails, and nobody can take it back', async (world, root) => {
  const nobody = '@nobody:one.example';
  await root.refused(404, 'M_NOT_FOUND', 'POST', `v1/reset_password/${nobody}?x=y`, { new_password: PASSWORD });
  await root.ok('PUT', `c/v1/admin/suspend/${(await world.user('alice')).id}`, { suspended: true });
  const paths = (await audit(root)).map(({ path }) => path);
  assert.deepEqual(paths, [
    '/_matrix/client/v1/admin/suspend/@alice:one.example',
    `/_synapse/admin/v1/reset_password/${nobody}`,
  ]);
  const [newest] = await audit(root, '?limit=1');
  assert.equal(newest?.path, paths[0]);
  const older = await audit(root, `?limit=1&before=${newest?.id}`);
  assert.equal(older[0]?.path, paths[1]);
  await root.refused(405, 'M_UNRECOGNIZED', 'DELETE', 'v1/audit');
});

withAdmin('commands on the machine are written down in the name of the server, and shown', async world => {
  const alice = await world.user('alice');
  assert.equal(await world.copse.text('audit', 'ls'), 'Nothing has been changed by administrators.');
  await world.copse.text('user', 'lock', 'alice');
  const shown = await world.copse.text('audit', 'ls');
  assert.match(
    shown,
    /^20.* +@_server:one\.example +command +PUT +\/_synapse\/admin\/v2\/users\/@alice:one\.example$/m,
  );
  assert.ok(shown.includes(alice.id));
});
