/** What a conformance test came to. */
export type Outcome = 'PASS' | 'FAIL' | 'SKIP';

export type Results = ReadonlyMap<string, Outcome>;

/**
 * The outcomes in the output of `go test -v`. A test that began and never ended (the suite ran out of time, or
 * crashed) has failed.
 */
export function readGoOutput(text: string): Results {
  const results = new Map<string, Outcome>();
  for (const [, begun, outcome, ended] of text.matchAll(/^(?:=== RUN +(\S+)|\s*--- (PASS|FAIL|SKIP): (\S+) \(.*)$/gm)) {
    if (begun !== undefined && !results.has(begun)) results.set(begun, 'FAIL');
    if (ended !== undefined) results.set(ended, outcome as Outcome);
  }
  return results;
}

/** A results file: a line `PASS name`, `FAIL name` or `SKIP name` for each test, sorted by name. */
export function writeResults(results: Results): string {
  const sorted = [...results].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, outcome]) => `${outcome} ${name}\n`).join('');
}

/** @throws RangeError for a line that is no result, and for a test named twice */
export function readResults(text: string): Results {
  const results = new Map<string, Outcome>();
  for (const line of text.split('\n').filter(line => line !== '')) {
    const [, outcome, name] = /^(PASS|FAIL|SKIP) (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new RangeError(`not a result: ${line.slice(0, 100)}`);
    if (results.has(name)) throw new RangeError(`named twice: ${name}`);
    results.set(name, outcome as Outcome);
  }
  return results;
}

export interface Change {
  readonly name: string;
  readonly was: Outcome | 'absent';
  readonly is: Outcome | 'absent';
  /** It passed and does not any more. One that is gone counts too: a suite that crashed early must not look good. */
  readonly isWorse: boolean;
}

/** Every test whose outcome differs, by name. With `some`, only tests that were run are looked at. */
export function changes(before: Results, after: Results, { some }: { readonly some: boolean }): Change[] {
  const names = some ? after.keys() : new Set([...before.keys(), ...after.keys()]);
  return [...names].sort().flatMap(name => {
    const was = before.get(name) ?? 'absent';
    const is = after.get(name) ?? 'absent';
    return was === is ? [] : [{ name, was, is, isWorse: was === 'PASS' }];
  });
}
