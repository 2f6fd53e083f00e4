import type { Readable } from 'node:stream';
import type { Parameter } from '../../accounts/oauth/grants.ts';
import { OAuthError } from '../../accounts/oauth/oauth-error.ts';
import { readForm } from '../site/form.ts';

/** The parameters of a request, none of which may be there twice (RFC 6749 section 3.2). @throws OAuthError, M_TOO_LARGE */
export async function readParameters(stream: Readable): Promise<Parameter> {
  const form = await readForm(stream);
  if (new Set(form.keys()).size < form.size) throw new OAuthError('invalid_request', 'A parameter is there twice.');
  return name => form.get(name) ?? undefined;
}
