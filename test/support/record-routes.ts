import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';

/** Loaded before the tests (`--import`): notes in COPSE_ROUTES_FILE which routes answered with success. */
const file = process.env.COPSE_ROUTES_FILE;
const seen = new Set<string>();

interface HandlerMessage {
  readonly route?: { readonly url?: string; readonly method?: string };
  readonly reply?: { readonly statusCode?: number };
  readonly error?: unknown;
}

if (file !== undefined) {
  subscribe('tracing:fastify.request.handler:asyncEnd', message => {
    const { route, reply, error } = message as HandlerMessage;
    const line = `${route?.method} ${route?.url}`;
    if (error !== undefined || (reply?.statusCode ?? 500) >= 300 || seen.has(line)) return;
    seen.add(line);
    appendFileSync(file, `${line}\n`);
  });
}
