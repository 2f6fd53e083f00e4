import { Type } from '../../../base/schema.ts';
import { THOROUGH } from '../../../federation/doctor/doctor.ts';
import { endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';
import { serversIn } from './servers-in.ts';

const Body = Type.Object({
  servers: Type.Optional(Type.Array(Type.String(), { maxItems: 20 })),
  vantage: Type.Optional(Type.String()),
  /** Only this server by its public name; no other is asked. */
  alone: Type.Optional(Type.Boolean()),
});

/** Ours: collects the facts about some servers, or about those that seem to have trouble, and says what they mean. */
export const examineServers = ({ doctor, diagnose }: DoctorRouteParts) =>
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
      return { facts, diagnosis: diagnose(facts) };
    },
  });
