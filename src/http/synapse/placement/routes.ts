import type { Plans } from '../../../cluster/placement/plans.ts';
import type { Endpoint } from '../../endpoint.ts';
import { forgetDesired } from './forget-desired.ts';
import { getPlan } from './get-plan.ts';
import { listPlaced } from './list-placed.ts';
import { putDesired } from './put-desired.ts';
import { scalePart } from './scale-part.ts';
import { tryPlan } from './try-plan.ts';

/** What runs on which board: for whoever owns the machines. */
export function placementRoutes(plans: Plans): Endpoint[] {
  return [getPlan, tryPlan, putDesired, forgetDesired, scalePart, listPlaced].map(route => route(plans));
}
