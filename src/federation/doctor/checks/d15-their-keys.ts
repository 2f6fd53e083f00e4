import type { KeyFacts, PeerFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { momentText, quoted, someText } from '../words.ts';
import { isReached } from './reading.ts';

export const theirKeys: Check = {
  cause: 'D15',
  title: 'their signing key cannot be had, or is another one than before',
  scope: 'peer',
  explain: `Everything that a server sends is signed. When its key cannot be fetched, or it publishes another key under the ID of an old
one (after a new installation under the same name), nobody who knew the old key believes it.
Found by asking the server and notaries for its keys, and comparing with the ones that we know.
Helps: fetching again, through a notary too. A changed key under the same ID only its own administrators can mend: with a new ID.`,
  judge: peer => conflict(peer) ?? unfetchable(peer),
};

function conflict({ keys, server, receiving }: PeerFacts): Verdict | undefined {
  const elsewhere = keys?.notaries.flatMap(each => each.keys ?? []) ?? [];
  const published = keys?.published ?? [];
  const changed = published.filter(key => [...(keys?.known ?? []), ...elsewhere].some(other => isOther(key, other)));
  if (changed.length === 0) return undefined;
  return {
    confidence: 'proven',
    effect: 'we and others refuse what it signs with that key',
    proof: [
      ...changed.map(
        ({ id, key }) => `${id} is ${key} there now, and was ${keyOf([...(keys?.known ?? []), ...elsewhere], id, key)}`,
      ),
      ...(receiving?.refused
        .slice(-2)
        .map(({ at, request, reason }) => `${momentText(at)} ${quoted(request)}: ${quoted(reason)}`) ?? []),
    ],
    repair: {
      kind: undefined,
      lines: [
        `the administrators of ${server} have to sign with a key of a new ID (Synapse: delete the signing key file and start again with the old key in old_signing_keys)`,
      ],
    },
  };
}

function isOther(key: KeyFacts, other: KeyFacts): boolean {
  return key.id === other.id && key.key !== other.key;
}

function keyOf(keys: readonly KeyFacts[], id: string, not: string): string {
  return keys.find(each => each.id === id && each.key !== not)?.key ?? '?';
}

function unfetchable(peer: PeerFacts): Verdict | undefined {
  const { keys, receiving } = peer;
  // What cannot be reached has no keys either: that is the matter then.
  if (keys === null || keys.error === null || !isReached(peer)) return undefined;
  const byNotary = keys.notaries.filter(each => each.keys !== null).map(each => each.notary);
  return {
    confidence: 'proven',
    effect:
      receiving !== null && receiving.refused.length > 0
        ? 'we refuse its requests'
        : 'we cannot check what it signs with a new key',
    proof: [
      `its keys: ${quoted(keys.error)}`,
      byNotary.length > 0 ? `${someText(byNotary)} has them` : 'no notary has them',
    ],
    repair: { kind: 'fetch_keys', lines: ['fetch its keys again, from itself and from the notaries'] },
  };
}
