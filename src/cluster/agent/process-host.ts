import type { Launch } from './launch.ts';

/** A process as whoever runs it sees it. */
export interface Sighting {
  /** `waiting`: it is being started again by whoever runs it. */
  readonly state: 'running' | 'waiting' | 'ended';
  readonly pid: number | undefined;
  /** The words that it was started with. */
  readonly words: readonly string[];
  /** How it ended, for people; undefined where nobody knows. */
  readonly end?: string;
  /** The code that it ended with. */
  readonly code?: number;
  /** How often whoever runs it has started it again. */
  readonly restarts?: number;
}

/** Runs the processes of a board: as children of the agent, or by systemd. */
export interface ProcessHost {
  readonly kind: 'systemd' | 'child';
  /** By name: what runs, and what has ended and is not forgotten. */
  look(): Promise<ReadonlyMap<string, Sighting>>;
  /** Rejects where it cannot be started at all. */
  start(launch: Launch): Promise<void>;
  /** Asks it to end, or makes it. It has ended when `look` says so. */
  end(name: string, isForced: boolean): Promise<void>;
  /** Takes away what is left of one that has ended. */
  forget(name: string): void;
}
