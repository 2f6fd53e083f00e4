/**
 * CPU milliseconds that this thread spends in `run`. What else the machine does hardly changes it, so that a bound on
 * hostile input can be a test; it must still be wide, since cores differ.
 */
export function cpuMilliseconds(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
