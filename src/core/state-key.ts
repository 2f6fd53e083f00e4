declare const brand: unique symbol;

/**
 * A state key pair as one string, for maps: the length of the type in decimal, a colon, the type, the state key.
 * No separator would do, since both halves may hold any character, NUL included.
 */
export type StateKeyString = string & { readonly [brand]: 'StateKeyString' };

export function stateKeyString(type: string, stateKey: string): StateKeyString {
  return `${type.length}:${type}${stateKey}` as StateKeyString;
}

export function splitStateKey(key: StateKeyString): [type: string, stateKey: string] {
  const colon = key.indexOf(':');
  const end = colon + 1 + Number(key.slice(0, colon));
  return [key.slice(colon + 1, end), key.slice(end)];
}
