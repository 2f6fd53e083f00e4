/** How a message of the bus looks on NATS: the subject says what it is about, the first line who sent it. */
export type WireMessage =
  | { readonly kind: 'hint'; readonly sender: string; readonly number: number; subject: string; message: string }
  /** Sent every few seconds: the number of the last hint, so that its loss is noticed. */
  | { readonly kind: 'beat'; readonly sender: string; readonly number: number }
  /** The sender ends: nobody need wait for its beats. */
  | { readonly kind: 'bye'; readonly sender: string; readonly number: number };

export interface Encoded {
  readonly subject: string;
  readonly payload: Uint8Array;
}

/** All that one cluster's processes send begins with this. */
export function subjectPrefix(cluster: string): string {
  return `copse.${subjectToken(cluster)}.`;
}

export function encodeWire(prefix: string, sent: WireMessage): Encoded {
  const { kind, sender, number } = sent;
  const head = `${sender} ${number}\n`;
  if (kind !== 'hint') return { subject: prefix + kind, payload: Buffer.from(head) };
  return { subject: `${prefix}hint.${subjectToken(sent.subject)}`, payload: Buffer.from(head + sent.message) };
}

const HEAD = /^([A-Za-z0-9_-]{1,64}) (\d{1,15})$/;

/** Undefined for what no Copse has sent. */
export function decodeWire(prefix: string, { subject, payload }: Encoded): WireMessage | undefined {
  if (!subject.startsWith(prefix)) return undefined;
  const [kind, token = ''] = subject.slice(prefix.length).split('.');
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  const end = text.indexOf('\n');
  const [, sender, digits] = HEAD.exec(text.slice(0, Math.max(end, 0))) ?? [];
  if (sender === undefined) return undefined;
  const number = Number(digits);
  if (kind === 'beat' || kind === 'bye') return { kind, sender, number };
  if (kind !== 'hint') return undefined;
  return { kind, sender, number, subject: subjectOfToken(token), message: text.slice(end + 1) };
}

/** Any text as one token of a NATS subject, which has no spaces, dots or wildcards and is not empty. */
export function subjectToken(text: string): string {
  if (text === '') return '=';
  return text.replace(/[^A-Za-z0-9_-]/gu, character =>
    [...Buffer.from(character)].map(byte => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

export function subjectOfToken(token: string): string {
  return token.replace(/(?:=[0-9A-F]{2})+|=/g, escaped =>
    Buffer.from(escaped.replaceAll('=', ''), 'hex').toString('utf8'),
  );
}
