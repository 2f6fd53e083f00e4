import { Budget } from '../base/budget.ts';

const MIB = 1024 * 1024;
/** What the process takes before it holds anything: the program, the libraries, what they compile to. */
const PROGRAM_BYTES = 96 * MIB;
/** With less than this nothing can be served; `memory` is then too small and is exceeded. */
const LEAST_BYTES = 16 * MIB;

/**
 * The budget behind the setting `memory`, which is for the whole process: half of what the program leaves. The other half
 * is what the garbage collector and the allocator keep beside live memory (docs/decisions/0055).
 */
export function budgetOf(memory: number): Budget {
  return new Budget(Math.max(LEAST_BYTES, Math.floor((memory - PROGRAM_BYTES) / 2)));
}
