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
