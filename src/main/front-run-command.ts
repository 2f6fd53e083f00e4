import { systemClock } from '../base/clock.ts';
import { LineLog } from '../base/line-log.ts';
import type { FrontArgs } from '../cli/front-commands.ts';
import { type Following, followFront } from '../front/follow.ts';
import { FrontError } from '../front/front-error.ts';
import { FrontRun, type RunnableProgram } from '../front/front-run.ts';
import { hasDied, workersOf } from '../front/front-workers.ts';
import { serviceManager } from './systemd-notify.ts';
import { untilSignal } from './until-signal.ts';

/** What a program that is run for this server alone writes, beside its configuration. */
export function placesBeside(file: string) {
  // As root it has workers that are not, and these may not come into the data folder.
  const bodies = process.getuid?.() === 0 ? undefined : file;
  return { pid: `${file}.pid`, errors: 'stderr', bodies, socket: `${file}.sock`, running: `${file}.running` };
}

export function say(words: string): void {
  console.log(words);
}

export function runnable({ program }: FrontArgs, file: string): RunnableProgram {
  const { running: pidFile, socket } = placesBeside(file);
  if (program === 'nginx')
    return {
      ...{ check: ['nginx', '-q', '-t', '-c', file], start: ['nginx', '-c', file, '-g', 'daemon off;'], pidFile },
      ...{ reload: 'SIGHUP', end: 'SIGQUIT', former: { hasDied, workersOf } },
    };
  return {
    ...{ check: ['haproxy', '-c', '-f', file], start: ['haproxy', '-W', '-db', '-f', file], pidFile },
    ...{ socket, reload: 'SIGUSR2', end: 'SIGUSR1' },
  };
}

interface RunningFront extends Pick<Following, 'wanted'> {
  readonly file: string;
  readonly program: RunnableProgram;
}

/** Until a signal, or until the program ends. @throws FrontError where it does by itself, or the first text is refused */
export async function runFront({ file, wanted, program }: RunningFront): Promise<number> {
  using until = untilSignal();
  await using front = new FrontRun(file, program, systemClock);
  using manager = serviceManager(new LineLog(systemClock, process.stdout));
  until.signal.addEventListener('abort', () => manager.stopping(), { once: true });
  const refused = Promise.withResolvers<never>();
  let runs = false;
  const install = async (text: string) => {
    try {
      const outcome = await front.install(text);
      if (!runs) manager.ready();
      runs = true;
      return outcome;
    } catch (error) {
      // Without a first configuration there is nothing to go on with.
      if (!runs) refused.reject(error);
      throw error;
    }
  };
  const failed = front.ended.then(words => Promise.reject(new FrontError(words)));
  const following = followFront({ install, wanted, clock: systemClock, say }, until.signal);
  await Promise.race([following, failed, refused.promise]);
  return 0;
}
