/** Types that a browser may show in place (client-server API, content repository, "Serving inline content"). */
const INLINE_TYPES = new Set(
  `text/css text/plain text/csv application/json application/ld+json
  image/jpeg image/gif image/png image/apng image/webp image/avif
  video/mp4 video/webm video/ogg video/quicktime
  audio/mp4 audio/webm audio/aac audio/mpeg audio/ogg audio/wave audio/wav audio/x-wav audio/x-pn-wav audio/flac
  audio/x-flac`.split(/\s+/),
);

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const MEDIA_TYPE = new RegExp(
  `^(${TOKEN}/${TOKEN})(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[^"\\\\\\x00-\\x1f\\x7f]*"))*$`,
);

/** The type that is sent for what an uploader said: the same, or bytes of unknown type where that is no media type. */
export function servedType(contentType: string | undefined): string {
  return contentType !== undefined && MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream';
}

/**
 * The Content-Disposition of a download: inline for the types above, attachment for everything else (HTML and SVG with
 * scripts among it). The name goes out as RFC 6266 says, with RFC 5987 for what is not plain ASCII.
 */
export function contentDisposition(type: string, fileName: string | undefined): string {
  const essence = MEDIA_TYPE.exec(type)?.[1]?.toLowerCase() ?? '';
  const disposition = INLINE_TYPES.has(essence) ? 'inline' : 'attachment';
  return fileName === undefined || fileName === '' ? disposition : `${disposition}; ${fileNameParameter(fileName)}`;
}

/** The file name in a Content-Disposition of another server, decoded (RFC 6266); undefined where there is none. */
export function fileNameIn(disposition: string | undefined): string | undefined {
  const parameters = new Map<string, string>();
  // One value at a time, each anchored behind the last: nothing here can go back and forth over a long header.
  const parameter = /\s*;\s*([A-Za-z*]{1,20})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/y;
  parameter.lastIndex = disposition?.indexOf(';') ?? -1;
  if (disposition === undefined || parameter.lastIndex < 0) return undefined;
  for (let match = parameter.exec(disposition); match !== null; match = parameter.exec(disposition)) {
    const [, name = '', inQuotes, plain = ''] = match;
    parameters.set(name.toLowerCase(), inQuotes?.replace(/\\(.)/g, '$1') ?? plain);
  }
  const fileName = extendedValue(parameters.get('filename*')) ?? parameters.get('filename');
  return fileName === undefined || fileName === '' ? undefined : fileName.toWellFormed();
}

/** RFC 5987, in UTF-8, which is all that anybody sends. */
function extendedValue(text: string | undefined): string | undefined {
  const [, encoded] = /^utf-8'[A-Za-z0-9-]*'(.*)$/i.exec(text ?? '') ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function fileNameParameter(fileName: string): string {
  // Some browsers decode a percent sign in the quoted form.
  if (/^[ -~]+$/.test(fileName) && !fileName.includes('%')) return `filename=${quoted(fileName)}`;
  const plain = fileName.replace(/[^ -~]|%/gu, '_');
  const encoded = encodeURIComponent(fileName.toWellFormed()).replace(/['()*]/g, escapeCharacter);
  return `filename=${quoted(plain)}; filename*=utf-8''${encoded}`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 5987 reserves four characters that encodeURIComponent leaves alone. */
function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
