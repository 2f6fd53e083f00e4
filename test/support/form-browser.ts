import assert from 'node:assert/strict';

export interface Sent {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface OpenPage extends Received {
  /** Where it was found, redirects followed. */
  readonly url: string;
}

const UNESCAPED: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** Text out of HTML. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(lt|gt|quot|#39|amp);/g, entity => UNESCAPED[entity] ?? entity);
}

/**
 * A browser for pages without scripts: it keeps cookies, follows redirects as long as they stay on the server, and sends
 * the forms of the page that it shows.
 */
export class FormBrowser {
  readonly #base: string;
  readonly #send: (request: Sent) => Promise<Received>;
  readonly cookies = new Map<string, string>();
  shows: OpenPage | undefined;

  /** `base`: the address of the server, without a slash at the end. */
  constructor(base: string, send: (request: Sent) => Promise<Received>) {
    this.#base = base;
    this.#send = send;
  }

  /** Opens an address of this server, or a path. A redirect to elsewhere is not followed: it is the answer. */
  async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenPage> {
    return this.#follow({ method: 'GET', url: this.#path(url), headers });
  }

  /** Sends a form of the page that is shown. `fields`: what was entered, beside what stands in it already. */
  async submit(fields: Readonly<Record<string, string>> = {}, at = 0): Promise<OpenPage> {
    const page = this.shows ?? assert.fail('no page is open');
    const form = [...page.body.matchAll(/<form method="post" action="([^"]*)">([\s\S]*?)<\/form>/g)][at];
    if (form === undefined) assert.fail(`there is no form in ${page.body}`);
    const hidden = [...(form[2] ?? '').matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
    const values = hidden.map(([, name = '', value = '']) => [name, unescapeHtml(value)] as const);
    return this.post(unescapeHtml(form[1] ?? ''), { ...Object.fromEntries(values), ...fields });
  }

  async post(url: string, fields: Readonly<Record<string, string>>): Promise<OpenPage> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#follow({
      method: 'POST',
      url: this.#path(url),
      headers,
      payload: new URLSearchParams(fields).toString(),
    });
  }

  /** The address behind a link of the page that is shown, by its text. */
  link(text: RegExp): string {
    const links = [...(this.shows?.body ?? '').matchAll(/<a href="([^"]*)"[^>]*>([^<]*)<\/a>/g)];
    const found =
      links.find(([, , words = '']) => text.test(words)) ?? assert.fail(`no link ${text} in ${this.shows?.body}`);
    return unescapeHtml(found[1] ?? '');
  }

  async #follow(request: Sent, redirects = 0): Promise<OpenPage> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...request.headers, ...(cookie !== '' && { cookie }) };
    const received = await this.#send({ ...request, headers });
    this.#keep([received.headers['set-cookie'] ?? []].flat());
    const location = String(received.headers.location ?? '');
    const isHere = location.startsWith('/') || location.startsWith(`${this.#base}/`);
    if (isHere && redirects < 5)
      return this.#follow({ method: 'GET', url: this.#path(location), headers: {} }, redirects + 1);
    this.shows = { ...received, url: location === '' ? request.url : location };
    return this.shows;
  }

  #keep(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  #path(url: string): string {
    return url.startsWith(this.#base) ? url.slice(this.#base.length) : url;
  }
}
