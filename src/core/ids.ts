import { utf8Length } from './utf8.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `!opaque:domain`, or `!hash` from room version 12 on. */
export type RoomId = Branded<'RoomId'>;
/** `$opaque:domain` (room versions 1 and 2) or `$hash`. */
export type EventId = Branded<'EventId'>;
/** `@localpart:domain`. */
export type UserId = Branded<'UserId'>;
/** A DNS name, IPv4 address or bracketed IPv6 address, with an optional port. */
export type ServerName = Branded<'ServerName'>;
/** `#localpart:domain`. */
export type RoomAlias = Branded<'RoomAlias'>;

/** Longest identifier of any kind, in UTF-8 bytes (appendices, "Common Identifier Format"). */
export const MAX_ID_BYTES = 255;

export interface ParsedId {
  readonly localpart: string;
  readonly domain: ServerName;
}

/**
 * A user ID by the grammar that must be accepted from others (appendices, "Historical User IDs"): any code point
 * but `:` and NUL, an empty localpart included.
 */
export function parseUserId(text: string): ParsedId | undefined {
  return parseId(text, '@');
}

/** Whether others may use `text` as a user ID: see `parseUserId`. */
export function isUserId(text: string): text is UserId {
  return parseUserId(text) !== undefined;
}

/**
 * Whether `text` is an acceptable user ID that is non-compliant by today's grammar: an empty localpart or one with
 * characters outside U+0021 to U+007E. Such IDs are accepted in events but not told to clients elsewhere.
 */
export function isHistoricalUserId(text: string): boolean {
  const parsed = parseUserId(text);
  return parsed !== undefined && !/^[!-~]+$/.test(parsed.localpart);
}

/** Whether a new account here may have this localpart (appendices, "User Identifiers"): the strict grammar. */
export function isValidNewLocalpart(localpart: string, domain: ServerName): boolean {
  return /^[a-z0-9._=\-/+]+$/.test(localpart) && localpart.length + domain.length + 2 <= MAX_ID_BYTES;
}

/** The server name of a user ID, room alias or any ID with a domain. Undefined when it has none. */
export function domainOfId(id: string): ServerName | undefined {
  const colon = id.indexOf(':');
  return colon === -1 ? undefined : (id.slice(colon + 1) as ServerName);
}

/** The server that a user belongs to. */
export function domainOf(user: UserId): ServerName {
  return user.slice(user.indexOf(':') + 1) as ServerName;
}

/** The part of a user ID between `@` and the first `:`. */
export function localpartOf(user: UserId): string {
  return user.slice(1, user.indexOf(':'));
}

/** The user ID of `localpart` on `domain`. The caller has checked the localpart. */
export function userIdOf(localpart: string, domain: ServerName): UserId {
  return `@${localpart}:${domain}` as UserId;
}

export function isRoomAlias(text: string): text is RoomAlias {
  return parseRoomAlias(text) !== undefined;
}

export function parseRoomAlias(text: string): ParsedId | undefined {
  return parseId(text, '#');
}

/** Whether `text` is a room ID of any room version: with a domain, or a hash without. */
export function isRoomId(text: string): text is RoomId {
  return text.includes(':') ? parseId(text, '!') !== undefined : isHashId(text, '!');
}

/**
 * Whether `text` is an event ID of any room version. The domain of the old form is not looked into: it names
 * nothing that is ever resolved, and rooms of versions 1 and 2 hold odd ones.
 */
export function isEventId(text: string): text is EventId {
  return text.startsWith('$') && text.length > 1 && !text.includes('\0') && fits(text);
}

/** Whether `text` is sigil and reference hash: 32 bytes in unpadded base64 of either alphabet. */
export function isHashId(text: string, sigil: '$' | '!'): boolean {
  return text.startsWith(sigil) && /^.[A-Za-z0-9+/_-]{43}$/.test(text);
}

/** Whether an identifier is short enough, in bytes. */
export function fits(text: string): boolean {
  // A UTF-16 unit is one to three bytes: most answers need no counting.
  if (text.length > MAX_ID_BYTES) return false;
  return text.length * 3 <= MAX_ID_BYTES || utf8Length(text) <= MAX_ID_BYTES;
}

/**
 * Whether `text` is a server name by the grammar in the appendices ("Server Name"). To be asked before any name
 * is resolved or put into a URL.
 */
export function isServerName(text: string): text is ServerName {
  return parseServerName(text) !== undefined;
}

export interface ParsedServerName {
  /** Without port; an IPv6 literal keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly kind: 'dns' | 'ipv4' | 'ipv6';
}

/** Host, port and kind of a server name, or undefined when it breaks the grammar. */
export function parseServerName(text: string): ParsedServerName | undefined {
  if (text.length === 0 || text.length > MAX_ID_BYTES) return undefined;
  const match = /^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const host = match[1]!;
  const port = match[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && port > 65535) return undefined;
  const kind = hostKind(host);
  return kind === undefined ? undefined : { host, port, kind };
}

function hostKind(host: string): ParsedServerName['kind'] | undefined {
  if (host.startsWith('[')) return isIpv6(host.slice(1, -1)) ? 'ipv6' : undefined;
  // Four dotted numbers are an address or nothing: no DNS name ends in a number.
  if (/^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/.test(host)) return isIpv4(host) ? 'ipv4' : undefined;
  return host.split('.').includes('') ? undefined : 'dns';
}

/**
 * Whether a grammatical server name can be looked up at all: labels of at most 63 characters without hyphens at
 * their ends, 253 in all, and a port above 0. Narrower than `isServerName`, which every server must agree on when
 * it judges events; this is for the moment before DNS.
 */
export function isResolvable(name: ParsedServerName): boolean {
  if (name.port === 0) return false;
  if (name.kind !== 'dns') return true;
  return name.host.length <= 253 && name.host.split('.').every(isDnsLabel);
}

function isDnsLabel(label: string): boolean {
  return label.length <= 63 && !label.startsWith('-') && !label.endsWith('-');
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every(part => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255);
}

/** RFC 3513, section 2.2: eight groups, one `::` for any run of zeros, the last two perhaps as IPv4. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    const count = ipv6Groups(half, index === halves.length - 1);
    if (count === undefined) return false;
    groups += count;
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function ipv6Groups(half: string, last: boolean): number | undefined {
  if (half === '') return 0;
  const parts = half.split(':');
  let groups = 0;
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && isIpv4(part)) groups += 2;
    else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups += 1;
    else return undefined;
  }
  return groups;
}

/**
 * A user ID or room ID with a domain, by its grammar but for the limit of 255 bytes: for events of room versions
 * where an overlong one exists but is rejected.
 */
export function isOverlongId(text: string, sigil: '@' | '!'): boolean {
  return parseAnyLength(text, sigil) !== undefined;
}

function parseId(text: string, sigil: string): ParsedId | undefined {
  return fits(text) ? parseAnyLength(text, sigil) : undefined;
}

function parseAnyLength(text: string, sigil: string): ParsedId | undefined {
  if (!text.startsWith(sigil)) return undefined;
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  const localpart = text.slice(1, colon);
  const domain = text.slice(colon + 1);
  if (localpart.includes('\0') || !localpart.isWellFormed() || !isServerName(domain)) return undefined;
  return { localpart, domain };
}
