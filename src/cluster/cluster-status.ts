import type { ProcessRow } from './process.table.ts';

/** A process among those that are one server. */
export interface ProcessStatus {
  readonly name: string;
  /** Where it listens for clients. */
  readonly address: string | undefined;
  /** Empty: all of them. */
  readonly roles: readonly string[];
  /** It is about to end. */
  readonly isDraining: boolean;
  /** The leases that it holds; those of a divided work as one: `shard 0-3, 7`. */
  readonly work: readonly string[];
}

export interface ClusterStatus {
  /** The name of the process that tells this. */
  readonly own: string;
  readonly processes: readonly ProcessStatus[];
  /** Work that living processes would do, and none does just now. */
  readonly unheld: readonly string[];
}

export function clusterStatus(
  own: string,
  others: { readonly processes: readonly ProcessRow[]; readonly leases: ReadonlyMap<string, number> },
): ClusterStatus {
  const { processes, leases } = others;
  const offered = new Set(processes.flatMap(({ offers }) => offers));
  return {
    own,
    processes: processes.map(({ nid, name, address, roles, isDraining }) => ({
      name,
      address: address ?? undefined,
      roles,
      isDraining,
      work: shortened([...leases].flatMap(([lease, holder]) => (holder === nid ? [lease] : []))),
    })),
    unheld: shortened([...offered].filter(name => !leases.has(name))),
  };
}

/** `shard-0`, `shard-1`, `shard-5`: `shard 0-1, 5`. */
function shortened(names: readonly string[]): string[] {
  const numbers = new Map<string, number[]>();
  const plain: string[] = [];
  for (const name of names) {
    const [, work, number] = /^(.+)-(\d+)$/.exec(name) ?? [];
    if (work === undefined) plain.push(name);
    else numbers.set(work, [...(numbers.get(work) ?? []), Number(number)]);
  }
  const divided = [...numbers].map(([work, shares]) => `${work} ${ranges(shares.toSorted((a, b) => a - b))}`);
  return [...plain.toSorted(), ...divided];
}

function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
