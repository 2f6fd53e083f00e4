import { invalidParam } from '../../../core/matrix-error.ts';

/** The number of a report in a path. @throws MatrixError M_INVALID_PARAM */
export function reportId(text: string): number {
  const id = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(id)) throw invalidParam('The ID of a report is a number.');
  return id;
}
