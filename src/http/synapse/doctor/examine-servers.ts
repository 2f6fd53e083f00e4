import { Type } from '../../../base/schema.ts';
import type { ServerName } from '../../../core/ids.ts';
import type { Diagnosis } from '../../../federation/doctor/diagnose.ts';
import { THOROUGH } from '../../../federation/doctor/doctor.ts';
import type { Again } from '../../../federation/doctor/report.ts';
import type { Watch } from '../../../federation/doctor/watch.ts';
import { endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';
import { serversIn } from './servers-in.ts';

const Body = Type.Object({
  servers: Type.Optional(Type.Array(Type.String(), { maxItems: 20 })),
  vantage: Type.Optional(Type.String()),
  /** Only this server by its public name; no other is asked. */
  alone: Type.Optional(Type.Boolean()),
  /** Whether the watch is to look again, soon, where something is found; true unless given. */
  watch: Type.Optional(Type.Boolean()),
});

/** Ours: collects the facts about some servers, or about those that seem to have trouble, and says what they mean. */
export const examineServers = ({ doctor, diagnose, watch }: DoctorRouteParts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/doctor/federation',
    auth: 'admin',
    // It has to work where nothing can be written, above all.
    changesNothing: true,
    body: Body,
    async handle({ body, signal }) {
      if (body.alone === true) {
        const facts = await doctor.ourselves({ withFront: true });
        return { facts, diagnosis: diagnose(facts) };
      }
      const [vantage] = serversIn(body.vantage === undefined ? [] : [body.vantage]);
      const facts = await doctor.examine(serversIn(body.servers ?? []), signal, { ...THOROUGH, vantage });
      const diagnosis = diagnose(facts);
      return { facts, diagnosis, ...(body.watch !== false && { again: againAt(watch, diagnosis) }) };
    },
  });

/** After how many milliseconds the watch looks again, by server. */
function againAt(watch: Pick<Watch, 'again'>, { us, peers }: Diagnosis): Again {
  const times = [us, ...peers].flatMap(({ server, health }) => {
    const ms = watch.again(server as ServerName, health === 'sick');
    return ms === undefined ? [] : [[server, Math.ceil(ms)]];
  });
  return Object.fromEntries(times) as Again;
}
