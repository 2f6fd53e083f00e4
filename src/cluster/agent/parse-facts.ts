/** What Linux says of a machine, in its own words: pure. Undefined where it says something else. */

/** Bytes of the machine (proc_meminfo(5)). What the kernel would give back does not count as used. */
export function parseMeminfo(text: string): { readonly total: number; readonly used: number } | undefined {
  const of = (name: string) => {
    const kib = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  };
  const [total, available] = [of('MemTotal'), of('MemAvailable')];
  if (total === undefined || available === undefined) return undefined;
  return { total, used: Math.max(0, total - available) };
}

/** The share of the last ten seconds in which something waited, in per cent (Documentation/accounting/psi.rst). */
export function parsePressure(text: string | undefined): number | undefined {
  const share = /^some avg10=(\d+(?:\.\d+)?) /m.exec(text ?? '')?.[1];
  return share === undefined ? undefined : Number(share);
}

/** Degrees of a sensor that counts thousandths; those that are not connected say what cannot be. */
export function parseMillidegrees(text: string | undefined): number | undefined {
  const degrees = Number(text?.trim() || Number.NaN) / 1000;
  return degrees > -40 && degrees < 150 && degrees !== 0 ? degrees : undefined;
}

/** The kind of the file system of `/`: the last that was mounted there counts (proc_pid_mounts(5)). */
export function parseRootKind(text: string): string | undefined {
  const kinds = text.split('\n').flatMap(line => {
    const [, place, kind] = line.split(' ');
    return place === '/' && kind !== undefined ? [kind] : [];
  });
  return kinds.findLast(kind => kind !== 'rootfs') ?? kinds.at(-1);
}

/** Mbit/s of a network interface. A virtual one says -1, and one without a cable cannot be read. */
export function parseSpeed(text: string | undefined): number | undefined {
  const mbit = Number(text?.trim() || Number.NaN);
  return Number.isInteger(mbit) && mbit > 0 ? mbit : undefined;
}

/** The load of the last minute (proc_loadavg(5)). */
export function parseLoad(text: string | undefined): number | undefined {
  const load = Number(text?.split(' ')[0] || Number.NaN);
  return load >= 0 ? load : undefined;
}
