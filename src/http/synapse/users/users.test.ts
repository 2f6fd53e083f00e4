import assert from 'node:assert/strict';
import { type Caller, eventually, PASSWORD, withAdmin } from '../../../../test/support/admin-world.ts';

const LIST = 'v2/users';

function names(list: { readonly users?: unknown }): string[] {
  return (list.users as { name: string }[]).map(user => user.name.slice(1, user.name.indexOf(':')));
}

async function listed(root: Caller, query: string): Promise<string[]> {
  return names(await root.ok('GET', `${LIST}?${query}`));
}

withAdmin('the API is for administrators', async (world, root) => {
  const alice = await world.user('alice');
  for (const path of [LIST, 'v3/users', `v2/users/${alice.id}`, 'v1/server_version', 'v1/registration_tokens']) {
    await alice.refused(403, 'M_FORBIDDEN', 'GET', path);
    await world.caller('', 'nobody').refused(401, 'M_UNKNOWN_TOKEN', 'GET', path);
    assert.equal((await root.call('GET', path)).status, 200, path);
  }
  await alice.refused(403, 'M_FORBIDDEN', 'PUT', 'v2/users/@mallory:one.example', { admin: true });
  assert.match(String((await root.ok('GET', 'v1/server_version')).server_version), /^Copse /);
});

withAdmin('accounts are listed by page, order and filter', async (world, root) => {
  for (const name of ['alice', 'bob', 'carol']) await world.user(name);
  await root.ok('PUT', 'v2/users/@bob:one.example', { displayname: 'Zoë 100%', user_type: 'bot' });
  await root.ok('PUT', 'v2/users/@carol:one.example', { locked: true });
  await root.ok('POST', 'v1/deactivate/@alice:one.example', {});
  assert.deepEqual(await listed(root, ''), ['bob', 'root']);
  assert.deepEqual(await listed(root, 'locked=true'), ['bob', 'carol', 'root']);
  assert.deepEqual(await listed(root, 'deactivated=true&locked=true'), ['alice', 'bob', 'carol', 'root']);
  assert.deepEqual(names(await root.ok('GET', 'v3/users?deactivated=true')), ['alice']);
  assert.deepEqual(names(await root.ok('GET', 'v3/users?locked=true')), ['alice', 'bob', 'carol', 'root']);
  assert.deepEqual(await listed(root, 'admins=true'), ['root']);
  assert.deepEqual(await listed(root, 'admins=false'), ['bob']);
  assert.deepEqual(await listed(root, 'name=zo'), ['bob']);
  assert.deepEqual(await listed(root, 'name=100%25'), ['bob']);
  assert.deepEqual(await listed(root, 'name=1%255'), []);
  assert.deepEqual(await listed(root, 'name=one.example'), [], 'the domain is no part of the name');
  assert.deepEqual(await listed(root, 'user_id=OO'), ['root']);
  assert.deepEqual(await listed(root, 'not_user_type=bot'), ['root']);
  assert.deepEqual(await listed(root, 'not_user_type='), ['bob']);
  assert.deepEqual(await listed(root, 'order_by=creation_ts&dir=b&locked=true'), ['root', 'carol', 'bob'].sort(byAge));
  assert.deepEqual(await listed(root, 'order_by=displayname&dir=b'), ['bob', 'root']);
  const first = await root.ok('GET', `${LIST}?limit=1`);
  assert.deepEqual([names(first), first.total, first.next_token], [['bob'], 2, '1']);
  const second = await root.ok('GET', `${LIST}?limit=1&from=1`);
  assert.deepEqual([names(second), second.next_token], [['root'], undefined]);
  for (const query of ['limit=-1', 'from=-1', 'order_by=password_hash', 'dir=x', 'admins=perhaps'])
    await root.refused(400, 'M_INVALID_PARAM', 'GET', `${LIST}?${query}`);
});

/** root was made first, then alice, bob and carol. */
function byAge(a: string, b: string): number {
  const order = ['carol', 'bob', 'alice', 'root'];
  return order.indexOf(a) - order.indexOf(b);
}

withAdmin('an account is shown with what is known of it', async (world, root) => {
  const alice = await world.user('alice');
  await alice.ok('PUT', `c/v3/profile/${alice.id}/avatar_url`, { avatar_url: 'mxc://one.example/me' });
  const shown = await root.ok('GET', `v2/users/${alice.id}`);
  const { creation_ts: made, last_seen_ts: seen, ...rest } = shown as unknown as Record<string, unknown>;
  assert.ok(Math.abs(Number(made) - Date.now() / 1000) < 60, 'in seconds');
  assert.ok(seen === null || Number.isSafeInteger(seen));
  assert.deepEqual(rest, {
    name: alice.id,
    displayname: 'alice',
    avatar_url: 'mxc://one.example/me',
    threepids: [],
    external_ids: [],
    is_guest: false,
    admin: false,
    deactivated: false,
    erased: false,
    locked: false,
    suspended: false,
    approved: true,
    shadow_banned: false,
    user_type: null,
    appservice_id: null,
    consent_server_notice_sent: null,
    consent_version: null,
    consent_ts: null,
  });
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v2/users/@nobody:one.example');
  await root.refused(400, 'M_INVALID_PARAM', 'GET', 'v2/users/@alice:elsewhere.example');
  await root.refused(400, 'M_INVALID_PARAM', 'GET', 'v2/users/alice');
});

withAdmin('when somebody was seen last is known when they have logged out, too', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const seen = async (user: Caller) => (await root.ok('GET', `v2/users/${user.id}`)).last_seen_ts as unknown;
  for (const user of [alice, bob]) await user.ok('GET', 'c/v3/account/whoami');
  await alice.ok('POST', 'c/v3/logout', {});
  await root.ok('POST', `v1/deactivate/${bob.id}`, {});
  for (const user of [alice, bob]) assert.ok(Math.abs(Number(await seen(user)) - Date.now()) < 60_000, user.id);
  assert.deepEqual((await listed(root, 'user_id=alice&order_by=last_seen_ts&dir=b')).length, 1);
  const before = Number(await seen(alice));
  const again = await world.logIn('alice');
  await again.ok('GET', 'c/v3/account/whoami');
  await again.ok('POST', 'c/v3/logout', {});
  assert.ok(Number(await seen(alice)) >= before);
});

withAdmin('an account is made as wanted, and logs in', async (world, root) => {
  const body = {
    password: PASSWORD,
    displayname: 'Dora',
    avatar_url: 'mxc://one.example/d',
    admin: true,
    user_type: 'bot',
  };
  const made = await root.call('PUT', 'v2/users/@dora:one.example', body);
  assert.equal(made.status, 201);
  assert.deepEqual([made.body.displayname, made.body.admin, made.body.user_type], ['Dora', true, 'bot']);
  const dora = await world.logIn('dora');
  assert.equal((await dora.ok('GET', LIST)).total, 2);
  const again = await root.call('PUT', 'v2/users/@dora:one.example', { displayname: '' });
  assert.deepEqual([again.status, again.body.displayname, again.body.admin], [200, null, true]);
  await root.refused(400, 'M_INVALID_USERNAME', 'PUT', 'v2/users/@Upper:one.example', {});
  await root.refused(400, 'M_INVALID_PARAM', 'PUT', 'v2/users/@eve:elsewhere.example', {});
  await root.refused(400, 'M_WEAK_PASSWORD', 'PUT', 'v2/users/@eve:one.example', { password: 'short' });
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v2/users/@eve:one.example');
  for (const odd of [{ admin: 'yes' }, { password: 7 }, { threepids: 'none' }])
    await root.refused(400, 'M_BAD_JSON', 'PUT', 'v2/users/@eve:one.example', odd);
});

withAdmin('who somebody is elsewhere is set, and found', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const club = (external_id: string) => ({ auth_provider: 'club', external_id });
  const body = { external_ids: [club('person 1'), { auth_provider: 'other', external_id: 'person/1' }] };
  const set = await root.ok('PUT', `v2/users/${alice.id}`, body);
  assert.deepEqual(set.external_ids, body.external_ids);
  const find = 'v1/auth_providers/other/users/person%2F1';
  assert.deepEqual(await root.ok('GET', find), { user_id: alice.id });
  const unchanged = await root.ok('PUT', `v2/users/${alice.id}`, { external_ids: null, threepids: null });
  assert.deepEqual(unchanged.external_ids, body.external_ids, 'null changes nothing');
  await root.refused(409, 'M_UNKNOWN', 'PUT', `v2/users/${bob.id}`, { external_ids: [club('2'), club('person 1')] });
  assert.deepEqual((await root.ok('GET', `v2/users/${bob.id}`)).external_ids, [], 'all or nothing');
  await root.ok('PUT', `v2/users/${alice.id}`, { external_ids: [club('3')] });
  await root.refused(404, 'M_NOT_FOUND', 'GET', find);
  await root.refused(400, 'M_INVALID_PARAM', 'PUT', `v2/users/${alice.id}`, { external_ids: [club('')] });
  await root.refused(400, 'M_MISSING_PARAM', 'PUT', `v2/users/${alice.id}`, { external_ids: [{ auth_provider: 'x' }] });
});

withAdmin('mail addresses of an account are set, and found', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const mail = (...addresses: string[]) => ({ threepids: addresses.map(address => ({ medium: 'email', address })) });
  const set = (user: Caller, ...addresses: string[]) => root.ok('PUT', `v2/users/${user.id}`, mail(...addresses));
  const first = await set(alice, 'Alice@Example.org', 'a@example.org');
  const shown = (first.threepids ?? []) as unknown as { medium: string; address: string; added_at: number }[];
  assert.deepEqual(shown.map(({ address }) => address).toSorted(), ['a@example.org', 'alice@example.org']);
  assert.ok(shown.every(({ medium, added_at: added }) => medium === 'email' && Math.abs(added - Date.now()) < 60_000));
  assert.deepEqual(await root.ok('GET', 'v1/threepid/email/users/ALICE%40example.org'), { user_id: alice.id });
  await root.refused(400, 'M_THREEPID_IN_USE', 'PUT', `v2/users/${bob.id}`, mail('b@example.org', 'a@example.org'));
  assert.deepEqual((await root.ok('GET', `v2/users/${bob.id}`)).threepids, [], 'all or nothing');
  assert.equal((await set(alice, 'a@example.org')).threepids?.[0]?.address, 'a@example.org');
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v1/threepid/email/users/alice%40example.org');
  await set(bob, 'alice@example.org');
  assert.deepEqual((await set(alice)).threepids, []);
  const odd = { threepids: [{ medium: 'msisdn', address: '447470274584' }] };
  await root.refused(400, 'M_THREEPID_MEDIUM_NOT_SUPPORTED', 'PUT', `v2/users/${bob.id}`, odd);
  await root.refused(400, 'M_INVALID_PARAM', 'PUT', `v2/users/${bob.id}`, mail('nonsense'));
});

withAdmin('a changed password ends sessions unless they are to stay', async (world, root) => {
  const alice = await world.user('alice');
  await root.ok('PUT', `v2/users/${alice.id}`, { password: 'another long one', logout_devices: false });
  await alice.ok('GET', 'c/v3/account/whoami');
  await root.ok('POST', `v1/reset_password/${alice.id}`, { new_password: 'a third long one' });
  await alice.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  await world.logIn('alice', 'a third long one');
  await root.refused(400, 'M_WEAK_PASSWORD', 'POST', `v1/reset_password/${alice.id}`, { new_password: 'x' });
  await root.refused(404, 'M_NOT_FOUND', 'POST', 'v1/reset_password/@nobody:one.example', { new_password: PASSWORD });
});

withAdmin('a closed account is left, and can be opened again', async (world, root) => {
  const alice = await world.user('alice');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { preset: 'public_chat' })).room_id);
  await root.ok('PUT', `v2/users/${alice.id}`, { deactivated: true });
  await alice.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  const { memberships } = await eventually(
    () => root.ok('GET', `v1/users/${alice.id}/memberships`),
    found => String(found.memberships?.[room]) === 'leave',
  );
  assert.deepEqual(memberships, { [room]: 'leave' });
  const opened = await root.ok('PUT', `v2/users/${alice.id}`, { deactivated: false, password: PASSWORD });
  assert.deepEqual([opened.deactivated, opened.erased], [false, false]);
  const back = await world.logIn('alice');
  assert.equal((await back.ok('POST', 'c/v3/user_directory/search', { search_term: 'alice' })).limited, false);
  await root.ok('POST', `v1/deactivate/${alice.id}`, { erase: true });
  assert.equal((await root.ok('GET', `v2/users/${alice.id}`)).erased, true);
  await root.refused(400, 'M_INVALID_PARAM', 'PUT', `v2/users/${alice.id}`, { deactivated: true, locked: true });
});

withAdmin('administrators make administrators, and none of them shuts themselves out', async (world, root) => {
  const alice = await world.user('alice');
  assert.equal((await root.ok('GET', `v1/users/${alice.id}/admin`)).admin, false);
  await root.ok('PUT', `v1/users/${alice.id}/admin`, { admin: true });
  await alice.ok('GET', LIST);
  await root.refused(403, 'M_FORBIDDEN', 'PUT', `v1/users/${root.id}/admin`, { admin: false });
  await root.refused(403, 'M_FORBIDDEN', 'PUT', `v2/users/${root.id}`, { locked: true });
  await alice.ok('PUT', `v1/users/${root.id}/admin`, { admin: false });
  await root.refused(403, 'M_FORBIDDEN', 'GET', LIST);
});

withAdmin('suspended and locked users are held, and let go', async (world, root) => {
  const alice = await world.user('alice');
  const answer = await root.ok('PUT', `v1/suspend/${alice.id}`, { suspend: true });
  assert.deepEqual(answer, { [`user_${alice.id}_suspended`]: true });
  await alice.refused(403, 'M_USER_SUSPENDED', 'POST', 'c/v3/createRoom', {});
  await root.ok('PUT', `v1/suspend/${alice.id}`, { suspend: false });
  await alice.ok('POST', 'c/v3/createRoom', {});
  await root.ok('PUT', `v2/users/${alice.id}`, { locked: true });
  await alice.refused(401, 'M_USER_LOCKED', 'GET', 'c/v3/account/whoami');
  await root.ok('PUT', `v2/users/${alice.id}`, { locked: false });
  await alice.ok('GET', 'c/v3/account/whoami');
});

withAdmin('an administrator acts as a user, who does not see it', async (world, root) => {
  const alice = await world.user('alice');
  const { access_token: token } = await root.ok('POST', `v1/users/${alice.id}/login`, {});
  const asAlice = world.caller(alice.id, String(token));
  assert.equal((await asAlice.ok('GET', 'c/v3/account/whoami')).user_id, alice.id);
  assert.equal((await root.ok('GET', `v2/users/${alice.id}/devices`)).total, 1);
  await asAlice.ok('POST', 'c/v3/logout', {});
  await asAlice.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  const late = await root.ok('POST', `v1/users/${alice.id}/login`, { valid_until_ms: 1000 });
  await world.caller(alice.id, String(late.access_token)).refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  await root.refused(403, 'M_FORBIDDEN', 'POST', `v1/users/${root.id}/login`, {});
  await root.ok('POST', `v1/deactivate/${alice.id}`, {});
  await root.refused(403, 'M_USER_DEACTIVATED', 'POST', `v1/users/${alice.id}/login`, {});
});

withAdmin('who acts as a user does so no longer than as themselves', async (world, root) => {
  const [alice, other] = [await world.user('alice'), await world.user('other')];
  const path = `v2/users/${other.id}`;
  await root.ok('PUT', path, { admin: true });
  const act = async (by: Caller) =>
    world.caller(alice.id, String((await by.ok('POST', `v1/users/${alice.id}/login`, {})).access_token));
  const ours = await act(root);
  const ends = async (end: () => Promise<unknown>) => {
    const acting = await act(await world.logIn('other'));
    await acting.ok('GET', 'c/v3/account/whoami');
    await end();
    await acting.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  };
  await ends(async () => (await world.logIn('other')).ok('POST', 'c/v3/logout/all', {}));
  await ends(() => root.ok('PUT', path, { password: PASSWORD }));
  await ends(() => root.ok('PUT', path, { locked: true }));
  await root.ok('PUT', path, { locked: false });
  await ends(() => root.ok('PUT', path, { admin: false }));
  await root.ok('PUT', path, { admin: true });
  await ends(() => root.ok('PUT', path, { deactivated: true }));
  await ours.ok('GET', 'c/v3/account/whoami');
  await alice.ok('GET', 'c/v3/account/whoami');
});

withAdmin('names are checked whatever registration says', async (world, root) => {
  await world.user('alice');
  assert.deepEqual(await root.ok('GET', 'v1/username_available?username=bob'), { available: true });
  await root.refused(400, 'M_USER_IN_USE', 'GET', 'v1/username_available?username=alice');
  await root.refused(400, 'M_INVALID_USERNAME', 'GET', 'v1/username_available?username=a%20b');
  await root.refused(400, 'M_MISSING_PARAM', 'GET', 'v1/username_available');
});

withAdmin('rooms, invites, data, pushers and sessions of a user are shown', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { preset: 'public_chat', invite: [bob.id] })).room_id);
  assert.deepEqual((await root.ok('GET', `v1/users/${bob.id}/memberships`)).memberships, { [room]: 'invite' });
  assert.deepEqual(await root.ok('GET', `v1/users/${bob.id}/joined_rooms`), { joined_rooms: [], total: 0 });
  assert.deepEqual(await root.ok('GET', `v1/users/${alice.id}/joined_rooms`), { joined_rooms: [room], total: 1 });
  const counts = async (id: string, from: number) => [
    (await root.ok('GET', `v1/users/${id}/sent_invite_count?from_ts=${from}`)).invite_count,
    (await root.ok('GET', `v1/users/${id}/cumulative_joined_room_count?from_ts=${from}`)).cumulative_joined_room_count,
  ];
  await bob.ok('POST', `c/v3/join/${encodeURIComponent(room)}`, {});
  await bob.ok('POST', `c/v3/rooms/${encodeURIComponent(room)}/leave`, {});
  assert.deepEqual(await counts(alice.id, 0), [1, 1]);
  assert.deepEqual(await counts(bob.id, 0), [0, 1]);
  assert.deepEqual(await counts(alice.id, Date.now() + 60_000), [0, 0]);
  await root.refused(400, 'M_MISSING_PARAM', 'GET', `v1/users/${alice.id}/sent_invite_count`);
  await alice.ok('PUT', `c/v3/user/${alice.id}/account_data/org.example.a`, { a: 1 });
  await alice.ok('PUT', `c/v3/user/${alice.id}/rooms/${encodeURIComponent(room)}/account_data/org.example.b`, { b: 2 });
  const { account_data: data } = await root.ok('GET', `v1/users/${alice.id}/accountdata`);
  assert.deepEqual(data?.global?.['org.example.a'], { a: 1 });
  assert.deepEqual(data?.rooms?.[room], { 'org.example.b': { b: 2 } });
  const pusher = {
    app_id: 'a',
    pushkey: 'k',
    kind: 'http',
    app_display_name: 'A',
    device_display_name: 'D',
    lang: 'en',
  };
  const url = 'https://push.example/_matrix/push/v1/notify';
  await alice.ok('POST', 'c/v3/pushers/set', { ...pusher, data: { url } });
  const pushers = await root.ok('GET', `v1/users/${alice.id}/pushers`);
  assert.deepEqual([pushers.total, pushers.pushers?.[0]?.pushkey, pushers.pushers?.[0]?.data], [1, 'k', { url }]);
  const whois = await root.ok('GET', `v1/whois/${alice.id}`);
  assert.equal(Object.keys(whois.devices ?? {}).length, 1);
});

withAdmin(
  'a user can have a rate of their own, or none',
  async (world, root) => {
    const alice = await world.user('alice');
    const path = `v1/users/${alice.id}/override_ratelimit`;
    const room = encodeURIComponent(String((await alice.ok('POST', 'c/v3/createRoom', {})).room_id));
    let sent = 0;
    const say = async () =>
      (await alice.call('PUT', `c/v3/rooms/${room}/send/m.room.message/${sent++}`, { msgtype: 'm.text', body: 'x' }))
        .status;
    assert.deepEqual(await root.ok('GET', path), {});
    assert.deepEqual([await say(), await say(), await say()], [200, 200, 429]);
    assert.deepEqual(await root.ok('POST', path, {}), { messages_per_second: 0, burst_count: 0 });
    assert.deepEqual([await say(), await say(), await say()], [200, 200, 200]);
    await root.ok('POST', path, { messages_per_second: 1, burst_count: 5 });
    assert.deepEqual(await root.ok('GET', path), { messages_per_second: 1, burst_count: 5 });
    const six = [];
    for (let i = 0; i < 6; i++) six.push(await say());
    assert.deepEqual([six.slice(0, 5), six[5]], [[200, 200, 200, 200, 200], 429]);
    await root.ok('DELETE', path);
    assert.deepEqual(await root.ok('GET', path), {});
    assert.equal(await say(), 429);
    await root.refused(400, 'M_BAD_JSON', 'POST', path, { messages_per_second: -1 });
  },
  { rate_limits: slow() },
);

/** Two messages in a long while; nothing else is ever too much. */
function slow() {
  const wide = { per_second: 1000, burst: 1000 };
  const signUps = ['registration', 'registration_network', 'registration_total'] as const;
  const names = [...signUps, 'login', 'join', 'invite', 'create_room', 'media_upload', 'media_download'] as const;
  const more = ['profile', 'keys', 'search', 'report', 'mail', 'other'] as const;
  const all = Object.fromEntries([...names, ...more].map(name => [name, wide]));
  return {
    ...(all as Record<(typeof names)[number] | (typeof more)[number], typeof wide>),
    message: { per_second: 0.001, burst: 2 },
  };
}
