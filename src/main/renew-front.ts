import { sleep, systemClock } from '../base/clock.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import { outcomeText } from '../front/follow.ts';
import { FrontError } from '../front/front-error.ts';
import { takeUpAgain } from '../front/install.ts';
import { installFront, programFor } from './front-command.ts';
import { type MadeFront, readMadeFront } from './made-front.ts';

/** Workers of before are told to take nothing new, and may have taken something until then. */
const SETTLED_MS = 1000;

/** Makes the configuration of the front anew, and has it taken up even where it is as it should be. Tells what came of it. */
export async function renewFront(args: ConfigArgs): Promise<string[]> {
  const { data_dir: folder } = loadConfig(args);
  const made = readMadeFront(folder);
  if (made === undefined) return ['no configuration of a front is known that Copse has made'];
  const { file, ...how } = made;
  const wanted = { ...how, install: file, isFollowing: false, isRunning: false };
  try {
    const outcome = await installFront(args, wanted);
    if (outcome === 'unchanged') await takeUpAgain(programFor(wanted, file));
    await sleep(systemClock, SETTLED_MS);
    if (outcome !== 'unchanged') return [`${file}: ${outcomeText(outcome)}`];
    return [`${file}: it was as Copse makes it, and ${made.program} has taken it up again`];
  } catch (error) {
    if (!(error instanceof FrontError)) throw error;
    return [`not done: ${error.message}`, `as root: ${commandFor(made, folder)}`];
  }
}

/** Places that commands are told may have blanks in them. */
function commandFor({ program, file, processes, isWhole, reload }: MadeFront, folder: string): string {
  const word = (text: string) => (/^[\w./:@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const options = [
    ...['--install', word(file), '--data', word(folder)],
    ...(processes === undefined ? [] : ['--processes', word(processes)]),
    ...(isWhole ? ['--whole'] : []),
    ...(reload === undefined ? [] : ['--reload', word(reload)]),
  ];
  return `./copse front ${program} ${options.join(' ')}`;
}
