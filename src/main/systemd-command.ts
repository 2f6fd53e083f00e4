import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SystemdArgs } from '../cli/agent-commands.ts';
import { boardUnits, singleUnits, type UnitFile } from '../cluster/systemd/units.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';

const LAUNCHER = join(import.meta.dirname, '../../copse');

/** `copse systemd`: prints the units, or writes them into a folder. */
export function writeUnits(args: ConfigArgs, { kind, user, install }: SystemdArgs): number {
  const { data_dir: data, media, memory, cluster } = loadConfig(args);
  const isBoard = kind === undefined ? cluster.bus !== undefined : kind === 'agent';
  const own = { program: LAUNCHER, data, media: media.folder.startsWith(`${data}/`) ? undefined : media.folder };
  const units = (isBoard ? boardUnits : singleUnits)({ ...own, user, memory });
  if (install === undefined) console.log(units.map(shown).join('\n'));
  else {
    mkdirSync(install, { recursive: true });
    for (const { name, text } of units) writeFileSync(join(install, name), text, { mode: 0o644 });
    console.log(nextSteps(units, { install, data, user }));
  }
  return 0;
}

function shown({ name, text }: UnitFile): string {
  return `# ${name}\n${text}`;
}

function nextSteps(
  units: readonly UnitFile[],
  { install, data, user }: { readonly install: string; readonly data: string; readonly user: string },
): string {
  const rules = units.find(({ name }) => name.endsWith('.rules'));
  const first = units[0]?.name ?? '';
  return [
    `Written to ${install}: ${units.map(({ name }) => name).join(', ')}. What is left to do, as root:`,
    `  useradd --system --no-create-home ${user}; chown -R ${user}: ${data}`,
    ...(rules === undefined ? [] : [`  mv ${join(install, rules.name)} /etc/polkit-1/rules.d/`]),
    `  systemctl daemon-reload; systemctl enable --now ${first}`,
  ].join('\n');
}
