import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';
import { type UserAnswerParts, userAnswer } from './user-answer.ts';

/** Synapse admin API, "Query User Account". */
export const getUser = ({ users, ...parts }: { readonly users: Users } & UserAnswerParts) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v2/users/:userId',
    auth: 'admin',
    async handle({ params }) {
      const { userNid } = await localUser(users, params.userId);
      return userAnswer(parts, userNid);
    },
  });
