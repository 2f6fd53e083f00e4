import { createHash } from 'node:crypto';
import { type Reply, reply } from '../endpoint.ts';

/** HTML in which everything that came from outside is escaped. A class, so that no plain string passes for it. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => ESCAPES[character] ?? '');
}

/** A template whose values are escaped unless they are `Html` themselves; the items of a list are joined. */
export function html(strings: TemplateStringsArray, ...values: (string | number | Html | readonly Html[])[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(shown)));
}

function shown(value: string | number | Html | readonly Html[]): string {
  if (value instanceof Html) return value.toString();
  return typeof value === 'object' ? value.join('') : escapeHtml(String(value));
}

const STYLE = `body{font:1.05rem/1.5 system-ui,sans-serif;max-width:38rem;margin:3rem auto;padding:0 1rem;color:#1c2b21;background:#fafbf8}
h1{font-size:1.5rem}a{color:#17613b}code{background:#e9eee7;padding:.1em .3em;border-radius:.2em}
label{display:block;margin:1rem 0}input,textarea{display:block;font:inherit;padding:.4em;width:20rem;max-width:95%}
button{font:inherit;padding:.4em 1em}.wrong{color:#a11}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Pages run no scripts but our own, load nothing, are framed by nobody, and their forms go to this server only. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'`;
const HEADERS = {
  'x-frame-options': 'DENY',
  'content-type': 'text/html; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface PageOptions {
  /** What it runs when it is shown, a text of ours that holds nothing from outside. */
  readonly script?: string | undefined;
  /** Where a form of the page may lead by a redirect, beside this server: a source as a content security policy has it. */
  readonly leadsTo?: string;
  /** Whether its script sends requests to this server. */
  readonly asksUs?: boolean;
}

/** A whole page. */
export function page(
  title: string,
  content: Html,
  status = 200,
  { script, leadsTo, asksUs = false }: PageOptions = {},
): Reply {
  const scripts =
    script === undefined ? '' : `; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  const asking = asksUs ? "; connect-src 'self'" : '';
  const allowed = `; form-action 'self'${leadsTo === undefined ? '' : ` ${leadsTo}`}${scripts}${asking}`;
  const headers = { ...HEADERS, 'content-security-policy': POLICY + allowed };
  const body = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${new Html(STYLE)}</style></head>
<body><h1>${title}</h1>
${content}${script === undefined ? '' : new Html(`\n<script>${script}</script>`)}
</body></html>
`;
  return reply({ status, headers, body: body.toString() });
}
