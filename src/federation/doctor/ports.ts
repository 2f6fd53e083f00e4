import type { ServerName } from '../../core/ids.ts';
import type { Done } from './report.ts';
import type { RepairKind } from './verdict.ts';

/** Does what can be done about a server; the lines say what came of it. */
export interface Repairs {
  repair(server: ServerName, kind: RepairKind, signal: AbortSignal): Promise<Done>;
}
