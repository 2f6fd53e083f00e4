import { sleep, systemClock } from '../base/clock.ts';
import { UsageError } from '../cli/admin-server.ts';
import { topText } from '../cli/top-text.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import { askControl } from './control.ts';
import { untilSignal } from './until-signal.ts';

/** Agents report as often. */
const EVERY_MS = 2000;
/** To the first place of the screen; what stands behind a line, and below the last one, is taken away. */
const [HOME, END_OF_LINE, BELOW] = ['\u001b[H', '\u001b[K', '\u001b[J'];
/** A screen of its own, so that what was there before comes back. */
const [ENTER, LEAVE] = ['\u001b[?1049h', '\u001b[?1049l'];

/** `copse top`: once, or on a terminal again and again until a signal. @throws UsageError where no server runs */
export async function watchBoards(args: ConfigArgs): Promise<number> {
  const { data_dir: folder } = loadConfig(args);
  const first = await shown(folder);
  if (first === undefined)
    throw new UsageError(
      `No server is running on ${folder}. Start it with ./copse up, or name its folder with --data.`,
    );
  if (process.stdout.isTTY !== true) {
    console.log(first);
    return 0;
  }
  using until = untilSignal();
  process.stdout.write(ENTER);
  for (let text: string | undefined = first; !until.signal.aborted; text = await shown(folder)) {
    draw(text ?? 'No server answers here just now.');
    await sleep(systemClock, EVERY_MS, until.signal);
  }
  process.stdout.write(LEAVE);
  return 0;
}

async function shown(folder: string): Promise<string | undefined> {
  const status = await askControl(folder).catch(() => undefined);
  return status && topText(status, systemClock.now());
}

/** Without clearing the screen first, which would flicker. Longer lines and more of them are cut off. */
function draw(text: string): void {
  // Some terminals say that they have none.
  const columns = process.stdout.columns || 80;
  const rows = process.stdout.rows || 24;
  const lines = text.split('\n').slice(0, rows - 1);
  const cut = lines.map(line => `${[...line].slice(0, columns).join('')}${END_OF_LINE}`);
  process.stdout.write(`${HOME}${cut.join('\n')}\n${BELOW}`);
}
