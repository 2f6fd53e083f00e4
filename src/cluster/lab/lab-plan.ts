/** What a lab is made of. It stands in the lab's folder, so that each command finds what an earlier one made. */
export interface LabPlan {
  /** Part of the name of all that it makes on the machine: `lab`. */
  readonly name: string;
  /** The first three numbers of its addresses: `10.77.0`. */
  readonly network: string;
  readonly boards: number;
  /** Bytes of each board. */
  readonly memory: number;
  /** Processors of each board, such as 0.5; undefined for as much as there is. */
  readonly cpus: number | undefined;
  /** Settings of Copse beside those that the lab needs, as in its configuration file. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A board, or what stands beside the boards: a network namespace and a control group. */
export interface Machine {
  /** `b1`, `database`, `bus`. */
  readonly name: string;
  readonly kind: 'board' | 'database' | 'bus';
  readonly address: string;
  readonly hardware: string;
  /** Of its network. */
  readonly namespace: string;
  /** The end of its cable at the bridge. */
  readonly cable: string;
  /** Its control group, below the lab's. */
  readonly group: string;
  /** Bytes; undefined for as many as there are. */
  readonly memory: number | undefined;
  readonly cpus: number | undefined;
}

export const LAB_SERVER = 'copse.lab';
export const DATABASE_PORT = 5432;
export const BUS_PORT = 4222;
/** Where the front of the first board listens, without TLS. */
export const FRONT_PORT = 80;
export const MOST_BOARDS = 50;
const FIRST_BOARD = 10;
/** Of each board; PostgreSQL takes as many as all of them. */
const CONNECTIONS_PER_BOARD = 20;
const MOST_CONNECTIONS = 100;

/** The same ones whenever it is asked. */
export function machinesOf(plan: LabPlan): readonly Machine[] {
  const beside = [machine(plan, 'database', 'database', 2), machine(plan, 'bus', 'bus', 3)];
  const boards = Array.from({ length: plan.boards }, (_, at) => ({
    ...machine(plan, 'board', `b${at + 1}`, FIRST_BOARD + at + 1),
    memory: plan.memory,
    cpus: plan.cpus,
  }));
  return [...beside, ...boards];
}

/** To the database, of all boards together. */
export function connectionsOf({ boards }: Pick<LabPlan, 'boards'>): number {
  return Math.min(MOST_CONNECTIONS, boards * CONNECTIONS_PER_BOARD);
}

export function boardsOf(plan: LabPlan): readonly Machine[] {
  return machinesOf(plan).filter(({ kind }) => kind === 'board');
}

/** The control group that all of them are in. */
export function groupOf({ name }: LabPlan): string {
  return `copse-${name}`;
}

/** The bridge that all cables end in. Interfaces have at most 15 letters. */
export function bridgeOf({ name }: LabPlan): string {
  return `cl-${name}`;
}

/** The address of the machine that the lab is on, as the boards see it. */
export function hostAddress({ network }: LabPlan): string {
  return `${network}.1`;
}

function machine(plan: LabPlan, kind: Machine['kind'], name: string, at: number): Machine {
  const address = `${plan.network}.${at}`;
  const bytes = address.split('.').map(byte => Number(byte).toString(16).padStart(2, '0'));
  return {
    name,
    kind,
    address,
    hardware: ['02', '77', ...bytes].join(':'),
    namespace: `${groupOf(plan)}-${name}`,
    cable: `${bridgeOf(plan)}-${kind === 'board' ? name : kind.slice(0, 2)}`,
    group: name,
    memory: undefined,
    cpus: undefined,
  };
}
