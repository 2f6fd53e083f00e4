import type { Bus } from '../../bus/bus.ts';

/** The bus subject on which is told for which servers, by number, something new waits. */
const WORK_SUBJECT = 'federation-out';

export interface Work {
  readonly domainNids: readonly number[];
  /** So long it may wait, so that more goes out with it. */
  readonly delayMs: number;
}

export function announceWork(bus: Bus, domainNids: Iterable<number>, delayMs = 0): void {
  const work: Work = { domainNids: [...domainNids], delayMs };
  if (work.domainNids.length > 0) bus.publish(WORK_SUBJECT, JSON.stringify(work));
}

export function onWork(bus: Bus, listener: (work: Work) => void): Disposable {
  return bus.subscribe(WORK_SUBJECT, message => listener(JSON.parse(message) as Work));
}
