import { behind } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Leases } from '../cluster/leases.ts';
import { enginesOf } from '../cluster/placement/engines.ts';
import { Placer } from '../cluster/placement/placer.ts';
import { Plans } from '../cluster/placement/plans.ts';
import type { Config } from '../config/schema.ts';
import type { Database } from '../db/database.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { placementRoutes } from '../http/synapse/placement/routes.ts';

export interface PlacementInput {
  readonly config: Pick<Config, 'cluster' | 'memory' | 'database'>;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly leases: Leases;
}

/** Says what shall run on which board. Disposing of it ends that. */
export interface PlacementSide extends AsyncDisposable {
  readonly forAdmins: readonly Endpoint[];
  /** What cannot be as it is wanted, for people. */
  faults(): Promise<readonly string[]>;
}

/** A server of a single process has no boards, and nobody looks for any. */
export function composePlacement({ config, db, clock, log, leases }: PlacementInput): PlacementSide {
  const engines = enginesOf(config.database, config.cluster.bus);
  const settings = { memory: config.memory, connections: config.database.connections, engines };
  const plans = new Plans({ db, settings });
  const placer = new Placer({ db, clock, log: log.child('placement'), settings });
  const stop = new AbortController();
  const running =
    config.cluster.bus === undefined
      ? undefined
      : leases.hold(
          'placement',
          behind(signal => placer.run(signal)),
          stop.signal,
        );
  return {
    forAdmins: placementRoutes(plans),
    faults: () => plans.faults(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
