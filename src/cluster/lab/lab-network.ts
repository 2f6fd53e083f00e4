import { bridgeOf, hostAddress, type LabPlan, type Machine } from './lab-plan.ts';
import { run, succeeds } from './run.ts';

/** Nobody has this hardware address: what is sent to it is lost without a word, as in a cable that is cut. */
const NOBODY = '02:77:00:00:00:00';
const CARD = 'eth0';

/** The bridge and the cables of a lab. Everything may be done again. */
export class LabNetwork {
  readonly #plan: LabPlan;

  constructor(plan: LabPlan) {
    this.#plan = plan;
  }

  makeBridge(): void {
    const bridge = bridgeOf(this.#plan);
    if (isThere(bridge)) return;
    run('ip', 'link', 'add', bridge, 'type', 'bridge');
    run('ip', 'address', 'add', `${hostAddress(this.#plan)}/24`, 'dev', bridge);
    run('ip', 'link', 'set', bridge, 'up');
  }

  /** A network of its own with a cable to the bridge. */
  connect({ namespace, cable, address, hardware }: Machine): void {
    if (!hasNamespace(namespace)) run('ip', 'netns', 'add', namespace);
    if (isThere(cable)) return;
    run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', CARD, 'address', hardware, 'netns', namespace);
    const inside = ['ip', '-n', namespace] as const;
    run(...inside, 'link', 'set', 'lo', 'up');
    run(...inside, 'address', 'add', `${address}/24`, 'dev', CARD);
    run(...inside, 'link', 'set', CARD, 'up');
    run('ip', 'link', 'set', cable, 'master', bridgeOf(this.#plan), 'up');
  }

  /** Pulls its cable, or puts it in again. */
  plug({ cable }: Machine, isIn: boolean): void {
    run('ip', 'link', 'set', cable, isIn ? 'up' : 'down');
  }

  isPlugged({ cable }: Machine): boolean {
    return run('ip', 'link', 'show', cable).includes(',UP');
  }

  /** Nothing gets from one to the other any more, or everything again. What they say to others goes on. */
  part(one: Machine, other: Machine, areParted: boolean): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const neighbour = ['ip', '-n', from.namespace, 'neighbour'] as const;
      if (areParted) run(...neighbour, 'replace', to.address, 'lladdr', NOBODY, 'nud', 'permanent', 'dev', CARD);
      else if (this.partedFrom(from).includes(to.address)) run(...neighbour, 'del', to.address, 'dev', CARD);
    }
  }

  /** The addresses that it cannot reach although its cable is in. */
  partedFrom({ namespace }: Machine): readonly string[] {
    const lines = run('ip', '-n', namespace, 'neighbour', 'show', 'nud', 'permanent').split('\n');
    return lines.filter(line => line.includes(NOBODY)).map(line => line.split(' ')[0] ?? '');
  }

  /** Takes away what is there of a machine. */
  disconnect({ namespace, cable }: Machine): void {
    if (isThere(cable)) run('ip', 'link', 'del', cable);
    if (hasNamespace(namespace)) run('ip', 'netns', 'del', namespace);
  }

  removeBridge(): void {
    const bridge = bridgeOf(this.#plan);
    if (isThere(bridge)) run('ip', 'link', 'del', bridge);
  }

  /** The names on this machine that are taken already. */
  taken(machines: readonly Machine[]): readonly string[] {
    const links = [bridgeOf(this.#plan), ...machines.map(({ cable }) => cable)].filter(isThere);
    return [...links, ...machines.map(({ namespace }) => namespace).filter(hasNamespace)];
  }
}

function isThere(link: string): boolean {
  return succeeds('ip', 'link', 'show', link);
}

function hasNamespace(name: string): boolean {
  return run('ip', 'netns', 'list')
    .split('\n')
    .some(line => line.split(' ')[0] === name);
}
