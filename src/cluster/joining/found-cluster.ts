import { type BoardIdentity, readIdentity, writeIdentity } from './board-folder.ts';
import type { CertificateInput } from './certificates.ts';
import { JoiningError } from './joining-error.ts';

export interface FoundingInput extends CertificateInput {
  readonly dataFolder: string;
  readonly serverName: string;
  /** Of the board. */
  readonly name: string;
  /** `HOST:PORT` */
  readonly address: string;
}

/** Makes this machine the first board of a cluster; one that is a board stays what it is. @throws JoiningError */
export async function foundCluster(input: FoundingInput): Promise<BoardIdentity> {
  const found = readIdentity(input.dataFolder);
  if (found !== undefined) return found;
  const { issueCertificate, newAuthority, newRequest } = await import('./x509.ts');
  const { name, address } = input;
  const authority = await newAuthority(input.serverName, input);
  const { request, key } = await newRequest(name);
  const certificate = await issueCertificate(authority, { request, board: name }, input);
  if (certificate === undefined) throw new Error('our own request is none');
  const made = { name, address, isFounder: true, addresses: [], board: { certificate, key }, authority };
  // Two processes of this machine may do the same at once: what stands there counts.
  if (writeIdentity(input.dataFolder, made)) return made;
  const other = readIdentity(input.dataFolder);
  if (other === undefined) throw new JoiningError(`${input.dataFolder}/cluster cannot be used. Remove it.`);
  return other;
}
