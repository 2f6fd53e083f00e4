import type { EventId } from '../../../core/ids.ts';
import type { Diagnosis } from '../../../federation/doctor/diagnose.ts';
import type { Doctor } from '../../../federation/doctor/doctor.ts';
import type { Facts } from '../../../federation/doctor/facts.ts';
import type { EventQuestion, FoundEvent } from '../../../federation/doctor/find-events.ts';
import type { Repairs } from '../../../federation/doctor/ports.ts';
import type { Trace } from '../../../federation/doctor/trace.ts';
import type { Watch } from '../../../federation/doctor/watch.ts';

/** What the endpoints of the doctor work with. */
export interface DoctorRouteParts {
  readonly doctor: Pick<Doctor, 'examine' | 'ourselves'>;
  readonly diagnose: (facts: Facts) => Diagnosis;
  readonly repairs: Repairs;
  readonly watch: Pick<Watch, 'again'>;
  readonly trace: (eventId: EventId, isAsking: boolean) => Promise<Trace>;
  readonly find: (question: EventQuestion) => Promise<FoundEvent[]>;
}
