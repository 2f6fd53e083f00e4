import type { IdentityProvider } from '../../../accounts/sign-on-ports.ts';
import { SignOnError } from '../../../accounts/sign-on-ports.ts';
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
