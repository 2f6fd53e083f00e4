import type { Mail } from './ports.ts';

/** What stands in every mail. */
export interface MailAbout {
  readonly serverName: string;
  readonly address: string;
}

export function addAddressMail({ serverName, address }: MailAbout, link: string): Mail {
  return {
    to: address,
    subject: `Confirm your mail address for ${serverName}`,
    text: `Somebody wants to add this mail address to their account on ${serverName}.

If it was you, open this page within an hour and confirm it there:

${link}

If it was not you, do nothing: the address is not added then.
`,
  };
}

export function resetPasswordMail({ serverName, address }: MailAbout, link: string): Mail {
  return {
    to: address,
    subject: `A new password for ${serverName}`,
    text: `Somebody wants to set a new password for your account on ${serverName}.

If it was you, open this page within an hour and confirm it there, then go on in the app in which you asked for it:

${link}

If it was not you, do nothing: your password stays as it is.
`,
  };
}

export function addressInUseMail({ serverName, address }: MailAbout): Mail {
  return {
    to: address,
    subject: `Your mail address on ${serverName}`,
    text: `Somebody wanted to add this mail address to their account on ${serverName}, but an account there has it already.

If it was you and you have forgotten that account, choose "Forgot password" where you log in. If it was not you, do nothing.
`,
  };
}

export function noAccountMail({ serverName, address }: MailAbout): Mail {
  return {
    to: address,
    subject: `No account on ${serverName}`,
    text: `Somebody wanted to set a new password on ${serverName} with this mail address, but no account there has it.

If it was you, try another of your addresses. If it was not you, do nothing.
`,
  };
}
