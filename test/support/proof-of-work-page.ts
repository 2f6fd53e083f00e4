import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const SCRIPT = new URL('../../src/http/site/fallback/proof-of-work-page.js', import.meta.url);

/** What the script of the page finds in its form. */
export interface PageData {
  readonly challenge: string;
  readonly bits: string;
  readonly from: string;
}

/** Runs the script of the proof-of-work page as a browser would; resolves to the nonce that its form is sent with. */
export async function runPage(script: string, dataset: PageData): Promise<string> {
  const input = { value: '' };
  const { promise, resolve } = Promise.withResolvers<string>();
  const form = {
    dataset,
    elements: { namedItem: (name: string) => (name === 'nonce' ? input : null) },
    submit: () => resolve(input.value),
  };
  const document = { getElementById: (id: string) => (id === 'work' ? form : { textContent: '' }) };
  vm.runInNewContext(script, { document, performance, setTimeout });
  return promise;
}

/** A solution found by the page's own script. */
export function solveAsPage(session: string, bits: number, from: number): Promise<string> {
  const challenge = createHash('sha256').update(session).digest('hex');
  return runPage(readFileSync(SCRIPT, 'utf8'), { challenge, bits: String(bits), from: String(from) });
}
