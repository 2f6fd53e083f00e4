/** What came is no multipart body, or one with too much around its parts. */
export class MultipartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MultipartError';
  }
}

export interface Part {
  /** By their names in lower case; of several with one name the first. */
  readonly headers: ReadonlyMap<string, string>;
  /** Reading it fails with MultipartError where the body ends before the part does. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** For what stands before the first part, behind the last one, and in the headers of one. */
const MOST_AROUND_BYTES = 16 * 1024;
const HEADERS_END = '\r\n\r\n';
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;
const NOTHING = Buffer.alloc(0);

/**
 * Reads the parts of a multipart body one after the other as they arrive (RFC 2046, section 5.1.1). It holds one piece of
 * the source and the length of a boundary more, however large the parts are.
 */
export class MultipartReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  /** Read and not used yet. A boundary at the very beginning has no line end before it, so one is put there. */
  #held: Buffer = Buffer.from('\r\n');
  #isInPart = true;

  constructor(source: AsyncIterable<Uint8Array>, boundary: string) {
    this.#pieces = source[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** The next part, or undefined after the last one. What was not read of the part before is passed over. @throws MultipartError */
  async next(): Promise<Part | undefined> {
    if (this.#isInPart) await this.#skip();
    if (!(await this.#opensPart())) return undefined;
    const headers = await this.#headers();
    this.#isInPart = true;
    return { headers, body: this.#untilDelimiter() };
  }

  /** Reads what is left of the source, which is little: a connection that was read to its end can be used again. */
  async drain(): Promise<void> {
    for (let bytes = 0; bytes <= MOST_AROUND_BYTES; bytes += this.#held.length) {
      this.#held = NOTHING;
      if (!(await this.#more())) return;
    }
  }

  async #skip(): Promise<void> {
    let bytes = 0;
    for await (const piece of this.#untilDelimiter()) {
      bytes += piece.length;
      if (bytes > MOST_AROUND_BYTES) throw new MultipartError('there is too much beside the file');
    }
  }

  /** What stands before the next delimiter, which is taken away too. */
  async *#untilDelimiter(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter);
      if (at >= 0) {
        const piece = this.#take(at);
        this.#take(this.#delimiter.length);
        this.#isInPart = false;
        if (piece.length > 0) yield piece;
        return;
      }
      // A delimiter may have begun in the last bytes.
      const sure = this.#held.length - this.#delimiter.length + 1;
      if (sure > 0) yield this.#take(sure);
      if (!(await this.#more())) throw new MultipartError('it ends in the middle of a part');
    }
  }

  /** Whether the delimiter just passed opens a part or ends the last one. */
  async #opensPart(): Promise<boolean> {
    await this.#need(2);
    if (this.#held.subarray(0, 2).toString('latin1') === '--') return false;
    const rest = await this.#line();
    if (!/^[ \t]*$/.test(rest)) throw new MultipartError('a line begins with the boundary and goes on');
    return true;
  }

  async #headers(): Promise<Map<string, string>> {
    const headers = new Map<string, string>();
    // Without any headers the empty line comes at once.
    await this.#need(2);
    if (this.#held.subarray(0, 2).toString('latin1') === '\r\n') {
      this.#take(2);
      return headers;
    }
    const text = await this.#upTo(HEADERS_END);
    for (const line of text.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
      if (name === '') throw new MultipartError('a part has a header without a name');
      if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
    }
    return headers;
  }

  #line(): Promise<string> {
    return this.#upTo('\r\n');
  }

  /** Text up to an end, which is taken away too. Headers are bytes that most write as UTF-8. */
  async #upTo(end: string): Promise<string> {
    for (;;) {
      const at = this.#held.indexOf(end, 0, 'latin1');
      if ((at < 0 ? this.#held.length : at) > MOST_AROUND_BYTES)
        throw new MultipartError('the headers of a part are too long');
      if (at >= 0) {
        const text = this.#take(at).toString('utf8');
        this.#take(end.length);
        return text;
      }
      if (!(await this.#more())) throw new MultipartError('it ends in the middle of a header');
    }
  }

  async #need(bytes: number): Promise<void> {
    while (this.#held.length < bytes) {
      if (!(await this.#more())) throw new MultipartError('it ends in the middle of a boundary');
    }
  }

  #take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    return taken;
  }

  /** Holds one more piece; false at the end. */
  async #more(): Promise<boolean> {
    const { done, value } = await this.#pieces.next();
    if (done === true) return false;
    this.#held = Buffer.concat([this.#held, value]);
    return true;
  }
}

/** The boundary that a Content-Type names; undefined when the type is another one or the boundary breaks the grammar. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const [type = '', ...parameters] = (contentType ?? '').split(';');
  if (type.trim().toLowerCase() !== 'multipart/mixed') return undefined;
  for (const parameter of parameters) {
    const [, quoted, plain] = /^\s*boundary=(?:"([^"\\]*)"|([^\s"]*))\s*$/i.exec(parameter) ?? [];
    const boundary = quoted ?? plain;
    if (boundary !== undefined) return BOUNDARY.test(boundary) ? boundary : undefined;
  }
  return undefined;
}
