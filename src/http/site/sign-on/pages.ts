import type { IdentityProvider } from '../../../accounts/sign-on-ports.ts';
import { SignOnError } from '../../../accounts/sign-on-ports.ts';
import type { ClientArrival } from '../../../accounts/single-sign-on.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import type { Reply } from '../../endpoint.ts';
import { html, page } from '../html.ts';

/** Runs what a browser was sent to: people cannot read the errors that clients get. */
export async function onPage(run: () => Promise<Reply>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof MatrixError) return failed(error.message, error.status);
    if (error instanceof SignOnError) return failed(error.message, 502);
    throw error;
  }
}

function failed(message: string, status: number): Reply {
  return page('This did not work', html`<p>${message}</p><p>Go back to your client and begin again.</p>`, status);
}

/** Lets people choose where they sign in. `linkTo`: where a choice leads. */
export function providersPage(
  title: string,
  about: string,
  providers: readonly IdentityProvider[],
  linkTo: (id: string) => string,
): Reply {
  const links = providers.map(({ id, name }) => html`<li><a href="${linkTo(id)}">${name}</a></li>\n`);
  return page(
    title,
    html`<p>${about}</p>
<ul>
${links}</ul>`,
  );
}

/** Whoever followed a link of somebody else's finds out here whom the account would be given to. */
export function clientQuestion({ userId, location }: ClientArrival): Reply {
  const { protocol, host } = new URL(location);
  const client = /^https?:$/.test(protocol) ? host : `the app behind ${protocol}`;
  return page(
    'Go on to your client',
    html`<p>You have signed in as <code>${userId}</code>. Now <strong>${client}</strong> wants to use your account. Go on only
if you have just begun to log in there.</p>
<p><a href="${location}">Go on to ${client}</a></p>`,
  );
}
