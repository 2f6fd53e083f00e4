import type { InteractiveAuth, PageStage } from '../../../accounts/interactive-auth.ts';
import type { JsonObject } from '../../../core/json.ts';
import { type Endpoint, endpoint, type Reply } from '../../endpoint.ts';
import { readForm } from '../form.ts';
import { type Html, html, page } from '../html.ts';

/** Tells the client that opened the page (client-server API, "Fallback"). */
const DONE = `if (window.onAuthDone) window.onAuthDone();
else if (window.opener && window.opener.postMessage) window.opener.postMessage('authDone', '*');`;

export interface StagePage {
  readonly stage: PageStage;
  /** The field of the form with what the stage asks for, if it asks for anything. */
  readonly field?: string;
  /** The page with the form. `action`: where the form goes. `wrong`: why what was sent before did not do. */
  readonly show: (request: {
    readonly session: string;
    readonly action: string;
    readonly sent: string;
    readonly wrong: string | undefined;
  }) => Reply;
}

/**
 * The page on which a stage of registration is passed whose client does not know it (client-server API, "Fallback"). The
 * form goes back to the page's own address.
 */
export function stagePage({ stage, field, show }: StagePage, interactive: InteractiveAuth): Endpoint[] {
  const path = `/_matrix/client/v3/auth/${stage}/fallback/web`;
  const form = (session: string, sent = '', wrong?: string) =>
    show({ session, action: `${path}?session=${encodeURIComponent(session)}`, sent, wrong });
  const common = { path, auth: 'none', limit: 'login' } as const;
  return [
    endpoint({
      ...common,
      method: 'GET',
      async handle({ query }) {
        const session = query.get('session') ?? '';
        return (await interactive.isSession(session)) ? form(session) : lost();
      },
    }),
    endpoint({
      ...common,
      method: 'POST',
      body: 'stream',
      async handle({ query, stream, ip }) {
        const sent = field === undefined ? '' : ((await readForm(stream)).get(field) ?? '');
        stream.resume();
        const session = query.get('session') ?? '';
        const auth: { readonly session: string } & JsonObject =
          field === undefined ? { session } : { session, [field]: sent };
        const outcome = await interactive.completeInBrowser(stage, auth, ip);
        if (outcome === 'lost') return lost();
        return outcome === 'done' ? stageDone() : form(session, sent, outcome.error);
      },
    }),
  ];
}

/** What a page says above its form about what was sent before. */
export function mistake(wrong: string | undefined): Html {
  return wrong === undefined ? html`` : html`<p class="wrong">${wrong}</p>`;
}

/** The stage is passed; the client goes on. */
export function stageDone(): Reply {
  return page('Thank you', html`<p>You can close this page and go on in your client.</p>`, 200, { script: DONE });
}

function lost(): Reply {
  return page('This page is too old', html`<p>Go back to your client and begin the registration again.</p>`, 403);
}
