import { type ConfigArgs, loadConfig } from '../config/load.ts';
import { askControl } from './control.ts';
import { openExisting } from './existing-data.ts';
import { freeSpace } from './free-space.ts';
import { healthText, serverHealth } from './server-health.ts';
import { VERSION } from './version.ts';

/** `copse doctor`: looks at everything but other servers that could stop this one. Resolves to the exit code. */
export async function doctorServer(args: ConfigArgs, isJson: boolean): Promise<number> {
  const config = loadConfig(args);
  const { path } = openExisting(config);
  const disk = await freeSpace(path);
  const lines = serverHealth({ config, status: await askControl(path), installed: VERSION, disk });
  const { text, code } = healthText(lines);
  console.log(isJson ? JSON.stringify(lines, null, 2) : text);
  return code;
}
