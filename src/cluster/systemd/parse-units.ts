import type { Sighting } from '../agent/process-host.ts';

/** A unit of a process, as `systemctl show` tells of it. */
export interface UnitState {
  /** Of the process: `b1-sync-1`. */
  readonly name: string;
  readonly state: Sighting['state'];
  readonly pid: number | undefined;
  /** `success`, `exit-code`, `watchdog`, `oom-kill` ... */
  readonly result: string;
  /** That the process ended with last. */
  readonly code: number;
  readonly restarts: number;
}

/** Blocks of `Name=value`, with empty lines between them; units of other kinds are left out. */
export function parseUnits(text: string): UnitState[] {
  return text.split(/\n\s*\n/).flatMap(block => {
    const of = new Map(
      block.split('\n').map(line => {
        const at = line.indexOf('=');
        return [line.slice(0, Math.max(at, 0)), line.slice(at + 1).trim()] as const;
      }),
    );
    const name = /^copse-process@(.+)\.service$/.exec(of.get('Id') ?? '')?.[1];
    if (name === undefined) return [];
    const pid = Number(of.get('MainPID') ?? 0);
    return {
      name,
      state: stateOf(of.get('ActiveState') ?? '', of.get('SubState') ?? ''),
      pid: pid > 0 ? pid : undefined,
      result: of.get('Result') ?? '',
      code: Number(of.get('ExecMainStatus') ?? 0),
      restarts: Number(of.get('NRestarts') ?? 0),
    };
  });
}

/** What ends still runs. */
function stateOf(active: string, sub: string): Sighting['state'] {
  if (active === 'activating' && sub.startsWith('auto-restart')) return 'waiting';
  return active === 'inactive' || active === 'failed' ? 'ended' : 'running';
}
