import { END, type TestOutcome } from './run-tests.ts';

/** The events of node:test that are read here. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: { readonly error?: Error };
  };
}

/** A line of JSON for each test that passed or failed, a `TestOutcome`, and one at the end; what was skipped says nothing. */
export default async function* outcomeReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.skip !== undefined || data.todo !== undefined) continue;
    const error = data.details?.error?.cause ?? data.details?.error;
    const outcome: TestOutcome = {
      name: data.name ?? '',
      passed: type === 'test:pass',
      ...(error !== undefined && { error: String(error).slice(0, 500) }),
    };
    yield `${JSON.stringify(outcome)}\n`;
  }
  yield `${END}\n`;
}
