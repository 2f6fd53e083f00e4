import { type Random, randomLetters } from '../base/random.ts';
import { isServerName, type ServerName } from '../core/ids.ts';
import { invalidParam } from '../core/matrix-error.ts';

declare const brand: unique symbol;
/** The part of an `mxc://` URI that names the content: `[A-Za-z0-9_-]`, 1 to 255 characters. */
export type MediaId = string & { readonly [brand]: 'MediaId' };

export interface MediaName {
  readonly origin: ServerName;
  readonly mediaId: MediaId;
}

/** 24 letters: 137 bits, so that nobody finds a file by guessing. */
const OWN_ID_LETTERS = 24;

export function newMediaId(random: Random): MediaId {
  return randomLetters(random, OWN_ID_LETTERS) as MediaId;
}

export function isMediaId(text: string): text is MediaId {
  return /^[A-Za-z0-9_-]{1,255}$/.test(text);
}

/**
 * The two parts of an `mxc://` URI, by the grammar that keeps paths and control characters out (client-server API,
 * content repository, "Security considerations"). @throws MatrixError M_INVALID_PARAM
 */
export function parseMediaName(serverName: string, mediaId: string): MediaName {
  if (!isServerName(serverName)) throw invalidParam('The server name of the media is not a valid one.');
  if (!isMediaId(mediaId)) throw invalidParam('A media ID consists of letters, digits, "_" and "-".');
  return { origin: serverName, mediaId };
}

/** Undefined for what is no `mxc://` URI. */
export function parseMxcUri(uri: string): MediaName | undefined {
  const [, origin = '', mediaId = ''] = /^mxc:\/\/([^/]+)\/([^/]+)$/.exec(uri) ?? [];
  return isServerName(origin) && isMediaId(mediaId) ? { origin, mediaId } : undefined;
}

export function mxcUri({ origin, mediaId }: MediaName): string {
  return `mxc://${origin}/${mediaId}`;
}
