import { NoPython, pythonWith } from '../support/python-environment.ts';

const SYNAPSE = {
  name: 'synapse',
  packages: ['matrix-synapse==1.163.2'],
  usable: 'import synapse.app.homeserver',
};

/** @throws NoPython */
export function synapsePython(): string {
  return pythonWith(SYNAPSE);
}

/** Before tests that run side by side, which would install it in one another's way. They say themselves why there is none. */
export function installSynapse(): void {
  try {
    synapsePython();
  } catch (error) {
    if (!(error instanceof NoPython)) throw error;
  }
}
