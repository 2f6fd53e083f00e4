import type { Reply } from '../../endpoint.ts';
import { html, page } from '../html.ts';

/** For addresses that were made by nobody here. */
export function nowhere(): Reply {
  return page(
    'This page leads nowhere',
    html`<p>Part of its address got lost on the way. Go back to your client and begin again.</p>`,
    400,
  );
}
