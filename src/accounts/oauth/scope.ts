/** What a client asks to be allowed (client-server API, "Allocated scope tokens"). */
export interface Scope {
  readonly deviceId: string;
  /** The scope tokens that are understood, as the client wrote them. */
  readonly text: string;
}

/** RFC 6749 section 3.3. */
const TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const LONGEST_DEVICE_ID = 255;
const API = ['urn:matrix:client:api:*', 'urn:matrix:org.matrix.msc2967.client:api:*'];
/** Older clients write it as it was before it was in the specification. */
const DEVICE = ['urn:matrix:client:device:', 'urn:matrix:org.matrix.msc2967.client:device:'];

/**
 * The scope, or why it cannot be granted: there is no other access than to the whole API, and it is for one device that
 * the client names. What is not known here is left out; the client is told what it got (RFC 6749 section 3.3).
 */
export function readScope(text: string): Scope | { readonly wrong: string } {
  const tokens = text.split(' ').filter(token => token !== '');
  if (!tokens.every(token => TOKEN.test(token))) return { wrong: 'The scope has characters that no scope has.' };
  const api = tokens.filter(token => API.includes(token));
  const devices = tokens.filter(token => deviceIn(token) !== undefined);
  const [deviceId, ...others] = new Set(devices.map(deviceIn));
  if (api.length === 0) return { wrong: `The scope has to include ${API[0]}` };
  if (deviceId === undefined || others.length > 0) return { wrong: `The scope has to name one device: ${DEVICE[0]}ID` };
  if (deviceId === '' || deviceId.length > LONGEST_DEVICE_ID)
    return { wrong: `A device ID has 1 to ${LONGEST_DEVICE_ID} characters.` };
  return { deviceId, text: [...api, ...devices].join(' ') };
}

function deviceIn(token: string): string | undefined {
  const prefix = DEVICE.find(each => token.startsWith(each));
  return prefix === undefined ? undefined : token.slice(prefix.length);
}
