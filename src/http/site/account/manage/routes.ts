import { MatrixError } from '../../../../core/matrix-error.ts';
import { type Endpoint, type EndpointRequest, endpoint, type Reply } from '../../../endpoint.ts';
import { OLD_ACCOUNT_ACTIONS } from '../../../oauth/account-actions.ts';
import { ACCOUNT_PATH } from '../../../oauth/oauth-paths.ts';
import { readForm } from '../../form.ts';
import { loginLink } from '../continue-to.ts';
import type { LoginPageParts } from '../login.ts';
import { nowhere } from '../nowhere.ts';
import { goTo, isOurForm, shown, tooOld, visit } from '../visit.ts';
import { addressesTask } from './addresses.ts';
import { deactivateTask } from './deactivate.ts';
import { deleteDeviceTask, devicesTask, deviceTask } from './devices.ts';
import { passwordTask } from './password.ts';
import { PROFILE, profileTask } from './profile.ts';
import { resetIdentityTask } from './reset-identity.ts';
import { signOutTask } from './sign-out.ts';
import { type AccountTask, type AccountVisit, aboutTask, taskLink } from './task.ts';

const TASKS: readonly AccountTask[] = [
  profileTask,
  devicesTask,
  deviceTask,
  deleteDeviceTask,
  deactivateTask,
  resetIdentityTask,
  passwordTask,
  addressesTask,
  signOutTask,
];
/** After so long somebody else may sit at the screen. */
const RECENT_MS = 10 * 60_000;

type Asked = Pick<EndpointRequest<string, unknown, undefined>, 'query' | 'header' | 'ip'>;

/** `GET` and `POST /_copse/account`: where people look after their account (client-server API, "Account management"). */
export const manageRoutes = (parts: LoginPageParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: ACCOUNT_PATH,
    auth: 'none',
    limit: 'other',
    async handle(asked) {
      return withTask(parts, asked, async (task, here) => shown(parts, here.from, await task.show(here)));
    },
  }),
  endpoint({
    method: 'POST',
    path: ACCOUNT_PATH,
    auth: 'none',
    limit: 'other',
    body: 'stream',
    async handle({ stream, ...asked }) {
      const fields = await readForm(stream);
      return withTask(parts, asked, async (task, here) => {
        const again = taskLink(task.action, here.deviceId);
        if (!isOurForm(parts, here.from, aboutTask(task.action, here.deviceId), fields)) return tooOld(again);
        return run(task, here, fields);
      });
    },
  }),
];

/** What went wrong is said on the page that it was asked for on. */
async function run(task: AccountTask, here: AccountVisit, fields: URLSearchParams): Promise<Reply> {
  try {
    return (await task.run?.(here, fields)) ?? nowhere();
  } catch (error) {
    if (error instanceof MatrixError) return task.show(here, error.message);
    throw error;
  }
}

/** Nobody comes here without signing in, and to what is dangerous not without signing in once more. */
async function withTask(
  parts: LoginPageParts,
  { query, header, ip }: Asked,
  go: (task: AccountTask, here: AccountVisit) => Promise<Reply>,
): Promise<Reply> {
  const wanted = query.get('action') ?? PROFILE;
  const task = TASKS.find(({ action }) => action === (OLD_ACCOUNT_ACTIONS[wanted] ?? wanted));
  if (task === undefined) return nowhere();
  const deviceId = query.get('device_id') ?? '';
  const from = await visit(parts, header);
  const oldest = parts.clock.now() - (task.isSensitive ? RECENT_MS : Number.POSITIVE_INFINITY);
  if (from.who === undefined || from.who.signedInTs < oldest) return goTo(loginLink(taskLink(task.action, deviceId)));
  return go(task, { parts, from, user: from.who.user, deviceId, ip });
}
