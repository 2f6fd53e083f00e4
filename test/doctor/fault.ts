import type { Config } from '../../src/config/schema.ts';
import type { Cause } from '../../src/federation/doctor/verdict.ts';
import type { DoctorWorld } from './doctor-world.ts';

/** Something that bit somebody, put into a world where everything works. */
export interface Fault {
  /** `F05`; controls, in which nothing is wrong, begin with C. */
  readonly id: string;
  readonly about: string;
  /** What the doctor has to name first; undefined where it must find nothing. */
  readonly cause: Cause | undefined;
  /** The servers that are looked at; the peer alone unless said. */
  readonly servers?: readonly string[];
  /** Another Copse that is asked how we look from outside. */
  readonly vantage?: string;
  /** Settings of our server that differ. */
  readonly settings?: Partial<Config>;
  /** It keeps this whole process waiting: no other world beside it. */
  readonly isAlone?: boolean;
  readonly inject: (world: DoctorWorld) => Promise<Repaired | undefined>;
}

/** Whether everything is as it should be once the doctor has done what it can. */
export type Repaired = () => Promise<boolean>;
