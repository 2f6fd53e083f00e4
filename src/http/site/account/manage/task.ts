import type { Requester } from '../../../../accounts/requester.ts';
import type { User } from '../../../../accounts/users.ts';
import type { Reply } from '../../../endpoint.ts';
import { ACCOUNT_PATH } from '../../../oauth/oauth-paths.ts';
import { type Html, html } from '../../html.ts';
import type { LoginPageParts } from '../login.ts';
import { sealForm, type Visit } from '../visit.ts';

/** Somebody looks after their account. */
export interface AccountVisit {
  readonly parts: LoginPageParts;
  readonly from: Visit;
  readonly user: User;
  /** The device that it is about; empty where it is about none. */
  readonly deviceId: string;
  readonly ip: string;
}

/** One thing that people do with their account (client-server API, "Account management URL actions"). */
export interface AccountTask {
  readonly action: string;
  /** It cannot be undone, or could take the account away: only for who has signed in just now. */
  readonly isSensitive: boolean;
  /** `wrong`: why what was sent before did not do. */
  show(visit: AccountVisit, wrong?: string): Promise<Reply>;
  /** Does what the form says that `show` has shown. Left out where there is none. */
  run?(visit: AccountVisit, fields: URLSearchParams): Promise<Reply>;
}

export function taskLink(action: string, deviceId = ''): string {
  return `${ACCOUNT_PATH}?${new URLSearchParams({ action, ...(deviceId !== '' && { device_id: deviceId }) })}`;
}

/** What the seal of a task's form is about. */
export function aboutTask(action: string, deviceId: string): string {
  return `account ${action} ${deviceId}`;
}

/** A form that comes back to the task it belongs to. */
export function taskForm({ parts, from, deviceId }: AccountVisit, action: string, content: Html): Html {
  return html`<form method="post" action="${taskLink(action, deviceId)}">
<input type="hidden" name="seal" value="${sealForm(parts, from, aboutTask(action, deviceId))}">
${content}
</form>`;
}

/** The user as one who makes a request. */
export function asRequester({ userId, userNid, isAdmin, isGuest, isSuspended }: User): Requester {
  const nothing = { deviceId: undefined, tokenNid: undefined, appservice: undefined };
  return { userId, userNid, isAdmin, isGuest, isSuspended, ...nothing };
}
