import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';

/**
 * Loaded before the tests (`--import`): notes in COPSE_ROUTES_FILE which routes succeeded or refused, and in which test
 * file. Processes that a test starts are told the file by their environment.
 */
const file = process.env.COPSE_ROUTES_FILE;
const own = process.argv[1] ?? '';
if (own.endsWith('.test.ts')) process.env.COPSE_TEST_FILE = own;
const seen = new Set<string>();

interface HandlerMessage {
  readonly route?: { readonly url?: string; readonly method?: string };
  readonly reply?: { readonly statusCode?: number };
  readonly error?: unknown;
}

if (file !== undefined) {
  subscribe('tracing:fastify.request.handler:asyncEnd', message => {
    const { route, reply, error } = message as HandlerMessage;
    const refused = error !== undefined || (reply?.statusCode ?? 500) >= 400;
    const line = [route?.method, route?.url, refused ? 'refused' : 'succeeded', process.env.COPSE_TEST_FILE].join('\t');
    if (seen.has(line)) return;
    seen.add(line);
    appendFileSync(file, `${line}\n`);
  });
}
