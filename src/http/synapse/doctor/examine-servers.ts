import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';
import { serversIn } from './servers-in.ts';

const Body = Type.Object({ servers: Type.Optional(Type.Array(Type.String(), { maxItems: 20 })) });

/** Ours: collects the facts about some servers, or about those that seem to have trouble, and says what they mean. */
export const examineServers = ({ doctor, diagnose }: DoctorRouteParts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/doctor/federation',
    auth: 'admin',
    body: Body,
    async handle({ body, signal }) {
      const facts = await doctor.examine(serversIn(body.servers ?? []), signal);
      return { facts, diagnosis: diagnose(facts) };
    },
  });
