import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { configExample, configReference } from '../config/reference.ts';

const root = new URL('../../', import.meta.url);
const KINDS = ['Security', 'Added', 'Changed', 'Fixed'];

/** `copse docs`: writes what is generated from the sources, and at a release the changelog. */
export function writeDocuments(release: string | undefined): number {
  writeFileSync(new URL('docs/config.md', root), configReference());
  writeFileSync(new URL('copse.example.yaml', root), configExample());
  console.log('docs/config.md and copse.example.yaml are written.');
  if (release !== undefined) writeRelease(release);
  return 0;
}

function writeRelease(version: string): void {
  const folder = new URL('changelog/', root);
  const files = readdirSync(folder).filter(file => file.endsWith('.md'));
  const day = new Date(systemClock.now()).toISOString().slice(0, 10);
  const fragments = files.map(file => readFileSync(new URL(file, folder), 'utf8').trim());
  const file = new URL('CHANGELOG.md', root);
  writeFileSync(file, withRelease(readFileSync(file, 'utf8'), `${version} (${day})`, fragments));
  for (const name of files) rmSync(new URL(name, folder));
  console.log(`CHANGELOG.md has ${version} with ${files.length} entries.`);
}

/** The changelog with a release put before the older ones. Security comes first, then what is new. */
export function withRelease(changelog: string, title: string, fragments: readonly string[]): string {
  const rank = (text: string) => KINDS.findIndex(kind => text.startsWith(`${kind}:`));
  const unknown = fragments.find(text => rank(text) < 0);
  if (unknown !== undefined) throw new RangeError(`a fragment begins with none of ${KINDS.join(', ')}: ${unknown}`);
  const entries = fragments.toSorted((a, b) => rank(a) - rank(b)).map(text => `- ${text}`);
  const at = changelog.indexOf('\n## ');
  const [head, older] = at < 0 ? [changelog.trimEnd(), ''] : [changelog.slice(0, at).trimEnd(), changelog.slice(at)];
  return `${head}\n\n## ${title}\n${entries.join('\n')}\n${older}`;
}
