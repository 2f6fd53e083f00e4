import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabFolder } from './lab-folder.ts';
import { LAB_SERVER } from './lab-plan.ts';
import { run } from './run.ts';

/** A certificate that nobody else trusts, for the server's name, in the folder `tls` of the lab. */
export function makeFrontCertificate({ path }: LabFolder): void {
  const folder = join(path, 'tls');
  if (existsSync(folder)) return;
  mkdirSync(folder, { mode: 0o700 });
  const files = ['-keyout', join(folder, 'front.key'), '-out', join(folder, 'front.crt')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '365'];
  const names = ['-subj', `/CN=${LAB_SERVER}`, '-addext', `subjectAltName=DNS:${LAB_SERVER}`];
  run('openssl', 'req', ...kind, ...files, ...names);
}
