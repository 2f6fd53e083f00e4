import { missingForLab, missingPackages } from '../../src/cluster/lab/requirements.ts';
import { installDebian } from '../support/postgres.ts';

/** Installs what a lab needs, where this machine lets us; tests say themselves what is missing then. */
export function prepareLab(): void {
  const packages = missingPackages();
  if (packages.length > 0 && process.getuid?.() === 0) {
    console.log(`Installing ${packages.join(', ')} (Debian packages) for the tests ...`);
    installDebian(...packages);
  }
  const missing = missingForLab();
  if (missing.length > 0) console.log(`A lab cannot be made on this machine: ${missing.join('; ')}.`);
}
