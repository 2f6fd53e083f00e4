import { TextDecoder } from 'node:util';
import type { PageFacts } from './page-reader.ts';

/** Where `<meta charset>` has to stand (HTML, "Specifying the document's character encoding"). */
const SNIFFED_BYTES = 1024;
const META_CHARSET = /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-z0-9_:.-]{1,40})/i;

/** Reads the facts of an HTML page out of at most `maxBytes` of it, in the encoding that it says it has. */
export async function readHtml(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  maxBytes: number,
): Promise<PageFacts> {
  // The parser is loaded at its first use: most servers start more often than they preview pages.
  const { PageReader } = await import('./page-reader.ts');
  const reader = new PageReader();
  let start: Uint8Array = new Uint8Array();
  let decoder: TextDecoder | undefined;
  let read = 0;
  for await (const whole of body) {
    const chunk = whole.subarray(0, maxBytes - read);
    read += chunk.length;
    if (decoder === undefined) {
      start = Buffer.concat([start, chunk]);
      if (start.length < SNIFFED_BYTES && read < maxBytes) continue;
      decoder = decoderFor(contentType, start);
      reader.write(decoder.decode(start, { stream: true }));
    } else {
      reader.write(decoder.decode(chunk, { stream: true }));
    }
    if (reader.done || read >= maxBytes) break;
  }
  if (decoder === undefined) reader.write(decoderFor(contentType, start).decode(start));
  return reader.facts();
}

/** UTF-8 for whatever browsers do not know (UTF-7 among it) and for pages that say nothing. */
function decoderFor(contentType: string, start: Uint8Array): TextDecoder {
  const fromHeader = /charset\s*=\s*["']?([a-z0-9_:.-]{1,40})/i.exec(contentType)?.[1];
  const head = Buffer.from(start.subarray(0, SNIFFED_BYTES)).toString('latin1');
  try {
    return new TextDecoder(fromHeader ?? META_CHARSET.exec(head)?.[1] ?? 'utf-8');
  } catch {
    return new TextDecoder('utf-8');
  }
}
