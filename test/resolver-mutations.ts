/** A deliberate mistake: in one file of src/core one piece of text is replaced by another. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** A second change to the same file, where one does not make the mistake. */
  readonly also?: { readonly from: string; readonly to: string };
}

const conflicted = 'resolve/conflicted-set.ts';
const order = 'resolve/order.ts';
const checks = 'resolve/auth-checks.ts';
const v1 = 'resolve/v1.ts';
const v2 = 'resolve/v2.ts';

/** Wrong resolvers that the directed tests and recorded rooms must tell from the right one. */
export const mutations: readonly Mutation[] = [
  { name: 'v2 starts from the empty set', file: v2, from: 'fromEmpty ? [] : unconflicted', to: '[]' },
  {
    name: 'v2.1 starts from the unconflicted state',
    file: v2,
    from: 'fromEmpty ? [] : unconflicted',
    to: 'unconflicted',
    also: {
      from: 'unconflictedEntries(sets, events, fromEmpty, loaded)',
      to: 'unconflictedEntries(sets, events, false, loaded)',
    },
  },
  { name: 'step 5 is left out', file: v2, from: 'for (const key of unconflicted.keys()) state.delete(key);', to: '' },
  {
    name: 'power events are not applied first',
    file: v2,
    from: '  applyAllowed(powerEvents, state, context);\n',
    to: '',
  },
  { name: 'the rest is not applied', file: v2, from: '  applyAllowed(rest, state, context);\n', to: '' },
  {
    name: 'v2.1 goes without the conflicted state subgraph',
    file: conflicted,
    from: 'if (subgraph)',
    to: 'if (false)',
  },
  {
    name: 'v2 takes the conflicted state subgraph',
    file: v2,
    from: 'fullConflictedSet(sets, fromEmpty, loaded)',
    to: 'fullConflictedSet(sets, true, loaded)',
  },
  {
    name: 'the auth difference is empty',
    file: conflicted,
    from: 'if (candidates.length === 0) return [];',
    to: 'if (candidates.length >= 0) return [];',
  },
  { name: 'the auth difference is the whole union', file: conflicted, from: 'count < sets.length && ', to: '' },
  {
    name: 'the auth difference forgets the unconflicted chains',
    file: conflicted,
    from: 'if (candidates.length === 0) return [];',
    to: 'if (candidates.length >= 0) return candidates;',
  },
  {
    name: 'weak senders come first',
    file: order,
    from: 'Number.isNaN(level) ? 0 : -level',
    to: 'Number.isNaN(level) ? 0 : level',
  },
  { name: 'sender levels do not count', file: order, from: 'Number.isNaN(level) ? 0 : -level', to: '0' },
  {
    name: 'creators have only their listed level',
    file: order,
    from: 'madeRoom && event.version.creatorsHaveInfinitePower',
    to: 'false',
  },
  {
    name: 'the later timestamp comes first',
    file: order,
    from: 'a.event.ts < b.event.ts ? -1 : 1',
    to: 'a.event.ts < b.event.ts ? 1 : -1',
  },
  {
    name: 'the greater ID comes first',
    file: order,
    from: 'compareCodePoints(a.event.id, b.event.id)',
    to: 'compareCodePoints(b.event.id, a.event.id)',
  },
  {
    name: 'mainline backwards',
    file: order,
    from: 'rank: mainlinePosition(event, positions, loaded)',
    to: 'rank: -mainlinePosition(event, positions, loaded)',
  },
  {
    name: 'mainline does not count',
    file: order,
    from: 'rank: mainlinePosition(event, positions, loaded)',
    to: 'rank: 0',
  },
  {
    name: 'kicks and bans are no power events',
    file: order,
    from: "return membership === 'leave' || membership === 'ban';",
    to: 'return false;',
  },
  { name: 'leaving by oneself is a power event', file: order, from: ' || event.sender === event.stateKey', to: '' },
  { name: 'join rules are no power events', file: order, from: "isState(event, 'm.room.join_rules', '')", to: 'false' },
  {
    name: 'power events come without their auth chains',
    file: order,
    from: 'auth !== undefined && !chosen.has(auth)',
    to: 'false',
  },
  {
    name: 'power events are not sorted topologically',
    file: order,
    from: 'if (before.size === 0)',
    to: 'if (before.size >= 0)',
  },
  { name: 'rejected events are admitted', file: checks, from: ' || context.loaded.isRejected(event.id)', to: '' },
  { name: 'rejected auth events count', file: checks, from: 'loaded.accepted(authId)', to: 'loaded.get(authId)' },
  { name: "an event's own auth events do not count", file: checks, from: 'of event.authIds', to: 'of [] as EventId[]' },
  {
    name: 'auth events win over the state',
    file: checks,
    from: 'if (current !== undefined) return current;',
    to: 'if (current !== undefined && !event.authIds.some(each => loaded.get(each)?.type === type && loaded.get(each)?.stateKey === stateKey)) return current;',
  },
  { name: 'everything is allowed', file: checks, from: 'if (verdict.ok)', to: 'if (verdict)' },
  { name: 'v1 goes on after a refused event', file: v1, from: '.ok) break;', to: '.ok) continue;' },
  { name: 'v1 takes the deepest first', file: v1, from: 'newest.toReversed()', to: 'newest' },
  { name: 'v1 takes the greater hash', file: v1, from: 'a.hash < b.hash ? -1 : 1', to: 'a.hash < b.hash ? 1 : -1' },
  {
    name: 'v1 does not check other events',
    file: v1,
    from: 'newest.find(event => checkAuth(event, state, crypto).ok) ??',
    to: 'newest[0] ??',
  },
  {
    name: 'v1 drops what only some sets have',
    file: v1,
    from: 'if (events.length === 1) resolved.set(key, events[0]!.id);',
    to: 'if (events.length === 1) continue;',
  },
  {
    name: 'v1 resolves members before join rules',
    file: v1,
    from: "'m.room.join_rules', 'm.room.member'",
    to: "'m.room.member', 'm.room.join_rules'",
  },
];
