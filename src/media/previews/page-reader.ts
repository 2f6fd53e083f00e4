import { Parser } from 'htmlparser2';

/** What a page says of itself. Texts are cut, and the first one counts. */
export interface PageFacts {
  /** Open Graph properties by name: `og:title`. */
  readonly openGraph: ReadonlyMap<string, string>;
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** As the page names it: not resolved, not checked. */
  readonly image: string | undefined;
}

/** Deeper than any real page, and shallow enough that the parser's stack stays cheap to search. */
const MOST_DEPTH = 250;
const MOST_PROPERTIES = 40;
const LONGEST_TEXT = 1000;
const LONGEST_IMAGE_URL = 2048;
/** The parser is fed this many characters at a time, so that it can be stopped in between. */
const PIECE = 8192;

/** Elements whose text is no description of the page. */
const SKIPPED: ReadonlySet<string> = new Set(
  'script style noscript template svg nav header footer aside form button select textarea iframe'.split(' '),
);

/**
 * Reads HTML piece by piece and keeps a handful of texts. What a page can cost is bounded: it is not built as a tree, and
 * nesting beyond `MOST_DEPTH` ends the reading.
 */
export class PageReader {
  readonly #openGraph = new Map<string, string>();
  readonly #named = new Map<string, string>();
  readonly #parser: Parser;
  #title = '';
  #paragraphs = '';
  #imageLink: string | undefined;
  #depth = 0;
  /** Depth at which a skipped element, the title or a paragraph began. */
  #skippedFrom = 0;
  #titleFrom = 0;
  #paragraphFrom = 0;
  #titleIsRead = false;
  #done = false;

  constructor() {
    this.#parser = new Parser({
      onopentag: (name, attributes) => this.#open(name, attributes),
      onclosetag: name => this.#close(name),
      ontext: text => this.#text(text),
    });
  }

  /** Nothing more has to be read. */
  get done(): boolean {
    return this.#done;
  }

  write(text: string): void {
    for (let at = 0; at < text.length && !this.#done; at += PIECE) this.#parser.write(text.slice(at, at + PIECE));
  }

  facts(): PageFacts {
    const named = (name: string) => this.#openGraph.get(`og:${name}`) ?? this.#named.get(`twitter:${name}`);
    return {
      openGraph: this.#openGraph,
      title: named('title') ?? text(this.#title),
      description: named('description') ?? this.#named.get('description') ?? text(this.#paragraphs),
      image:
        this.#openGraph.get('og:image:secure_url') ??
        this.#openGraph.get('og:image:url') ??
        named('image') ??
        this.#named.get('twitter:image:src') ??
        this.#imageLink,
    };
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth++;
    if (this.#depth > MOST_DEPTH) this.#stop();
    if (this.#done || this.#skippedFrom !== 0) return;
    if (SKIPPED.has(name)) this.#skippedFrom = this.#depth;
    else if (name === 'meta') this.#meta(attributes);
    else if (name === 'link') this.#link(attributes);
    else if (name === 'title' && !this.#titleIsRead) this.#titleFrom = this.#depth;
    else if (name === 'p' && this.#paragraphFrom === 0) this.#paragraphFrom = this.#depth;
    else if (name === 'body') this.#headIsOver();
  }

  #close(name: string): void {
    if (this.#depth === this.#skippedFrom) this.#skippedFrom = 0;
    if (this.#depth === this.#titleFrom) {
      this.#titleFrom = 0;
      this.#titleIsRead = true;
    }
    if (this.#depth === this.#paragraphFrom) {
      this.#paragraphFrom = 0;
      this.#paragraphs += ' ';
    }
    this.#depth--;
    if (name === 'head') this.#headIsOver();
  }

  #text(piece: string): void {
    if (this.#skippedFrom !== 0) return;
    if (this.#titleFrom !== 0) this.#title = `${this.#title}${piece}`.slice(0, LONGEST_TEXT);
    else if (this.#paragraphFrom !== 0) this.#paragraphs = `${this.#paragraphs}${piece}`.slice(0, LONGEST_TEXT);
  }

  #meta(attributes: Readonly<Record<string, string>>): void {
    const name = (attributes.property ?? attributes.name ?? '').trim().toLowerCase();
    const isImage = name.includes('image');
    const content = text(attributes.content ?? '', isImage ? LONGEST_IMAGE_URL : LONGEST_TEXT);
    if (content === undefined) return;
    const into = /^og:[a-z0-9_:-]{1,60}$/.test(name) ? this.#openGraph : this.#named;
    if (into === this.#named && !/^(description|twitter:(title|description|image|image:src))$/.test(name)) return;
    if (!into.has(name) && into.size < MOST_PROPERTIES) into.set(name, content);
  }

  #link({ rel = '', href }: Readonly<Record<string, string>>): void {
    if (rel.toLowerCase() === 'image_src' && href !== undefined) this.#imageLink ??= text(href, LONGEST_IMAGE_URL);
  }

  /** Pages that describe themselves do so in their head. */
  #headIsOver(): void {
    if (this.#openGraph.has('og:title') && this.#openGraph.has('og:image')) this.#stop();
  }

  #stop(): void {
    this.#done = true;
    this.#parser.pause();
  }
}

/** One line of at most `longest` characters; undefined when nothing is left. */
function text(raw: string, longest = LONGEST_TEXT): string | undefined {
  const line = raw
    .slice(0, 4 * longest)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, longest)
    .toWellFormed();
  return line === '' ? undefined : line;
}
