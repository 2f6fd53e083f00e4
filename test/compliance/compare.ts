/**
 * Results of the Matrix conformance suite, which may only improve.
 *
 *     compare.ts collect < OUTPUT > RESULTS   from the output of `go test -v`
 *     compare.ts BEFORE AFTER [--some]        lists what changed; exits with 1 when something that passed does not any
 *                                             more. --some: AFTER is of some tests only
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { changes, readGoOutput, readResults, writeResults } from './results.ts';

function compare(before: string, after: string, some: boolean): number {
  const found = changes(readResults(readFileSync(before, 'utf8')), readResults(readFileSync(after, 'utf8')), { some });
  for (const { name, was, is, isWorse } of found) console.log(`${isWorse ? 'WORSE' : 'other'} ${was} -> ${is} ${name}`);
  const worse = found.filter(change => change.isWorse).length;
  console.log(`${worse} worse, ${found.length - worse} otherwise changed`);
  return worse > 0 ? 1 : 0;
}

const { values, positionals } = parseArgs({ options: { some: { type: 'boolean' } }, allowPositionals: true });
const [first, second] = positionals;
if (first === 'collect' && second === undefined) {
  process.stdout.write(writeResults(readGoOutput(readFileSync(0, 'utf8'))));
} else if (first !== undefined && second !== undefined) {
  process.exitCode = compare(first, second, values.some ?? false);
} else {
  console.error('usage: compare.ts collect < OUTPUT > RESULTS\n       compare.ts BEFORE AFTER [--some]');
  process.exitCode = 2;
}
