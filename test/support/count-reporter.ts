import { relative } from 'node:path';
import { inspect } from 'node:util';

/** The events of node:test that are read here. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly line?: number;
    readonly skip?: string | boolean;
    readonly message?: string;
    readonly details?: { readonly error?: Error & { readonly failureType?: string }; readonly type?: string };
    readonly counts?: {
      readonly passed: number;
      readonly failed: number;
      readonly cancelled: number;
      readonly skipped: number;
    };
    readonly summary?: {
      readonly totals: { readonly coveredLinePercent: number };
      readonly files: readonly FileCoverage[];
    };
  };
}

interface FileCoverage {
  readonly path: string;
  readonly totalLineCount: number;
  readonly coveredLineCount: number;
}

/** A failed comparison of two long texts says all it has to say at its beginning. */
const MOST_FAILURE_TEXT = 3000;

/** What a test says that was asked for its figures; node:test itself says how many tests there were, in the same way. */
const showsFigures = process.env.COPSE_TEST_LAB === 'whole';
const COUNT_OF_TESTS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** Prints failures and skips as they come, and at last `N passed, N failed[, N skipped]`. */
export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let last = '';
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.details?.error?.failureType !== 'subtestsFailed') yield failureText(data);
    if (type === 'test:pass' && data.skip !== undefined) yield `skipped: ${data.name} (${data.skip})\n`;
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message ?? '';
    if (type === 'test:diagnostic' && showsFigures && !COUNT_OF_TESTS.test(data.message ?? ''))
      yield `       ${data.message}\n`;
    if (type === 'test:coverage' && data.summary !== undefined) yield coverageText(data.summary.files);
    // The summary without a file is that of the whole run.
    if (type === 'test:summary' && data.file === undefined && data.counts !== undefined) {
      const { passed, failed, cancelled, skipped } = data.counts;
      last = `${passed} passed, ${failed + cancelled} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
    }
  }
  yield last;
}

function failureText({ name, file, line, details }: TestEvent['data']): string {
  const place = file === undefined ? '' : ` (${relative(process.cwd(), file)}:${line})`;
  const error = details?.error?.cause ?? details?.error;
  const text = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
  return `FAILED: ${name}${place}\n    ${text.slice(0, MOST_FAILURE_TEXT).replaceAll('\n', '\n    ')}\n`;
}

/** One line for each part, worst first. */
function coverageText(files: readonly FileCoverage[]): string {
  const parts = new Map<string, { total: number; covered: number }>();
  for (const file of files) {
    const part = relative(process.cwd(), file.path).split('/').slice(0, 2).join('/');
    const sum = parts.get(part) ?? { total: 0, covered: 0 };
    parts.set(part, { total: sum.total + file.totalLineCount, covered: sum.covered + file.coveredLineCount });
  }
  const share = ({ total, covered }: { total: number; covered: number }) => (total === 0 ? 1 : covered / total);
  const rows = [...parts].sort(([, a], [, b]) => share(a) - share(b));
  return rows
    .map(([part, sum]) => `${part.padEnd(20)} ${(share(sum) * 100).toFixed(1)} % of ${sum.total} lines\n`)
    .join('');
}
