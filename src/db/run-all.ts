/**
 * Runs what was registered for the end of a transaction. One that throws stops neither the others nor the transaction,
 * whose outcome stands: its error surfaces as a rejection that nobody handles, which the process logs.
 */
export function runAll(callbacks: readonly (() => void)[]): void {
  for (const run of callbacks) {
    try {
      run();
    } catch (error) {
      void Promise.reject(error);
    }
  }
}
