import { flag, isHttpUrl, list, optionalText, requiredText, section, texts } from './kinds.ts';

const isNotEmpty = (value: string) => value !== '';
const isId = (value: string) => /^[A-Za-z0-9_.-]{1,64}$/.test(value);

/** The settings of the OAuth 2.0 API. */
export const oauth = section(
  'Logging in on a page of this server, by OAuth 2.0: clients then see no password (docs/oauth.md). It needs ' +
    '`public_base_url`; without it, and where it is switched off, clients log in with the password alone.',
  { enabled: flag('Whether clients can log in so.', true) },
);

/** The settings of single sign-on. */
export const singleSignOn = section(
  'Logging in with an account elsewhere, by OpenID Connect. It needs `public_base_url`; the address that providers send ' +
    'people back to is `/_copse/sign-on/callback` below that.',
  {
    providers: list(
      'Where people can sign in. An account here belongs to who somebody is there, not to a name: whoever had an account ' +
        'before gets it linked by an administrator (`external_ids` of the administration API).',
      section('', {
        id: requiredText('Names the provider for ever.', 'letters, digits, _ . - such as club', isId),
        name: requiredText('What people read on the button.', 'a text', isNotEmpty),
        issuer: requiredText('Its issuer.', 'a URL such as https://id.example.org', isHttpUrl),
        client_id: requiredText('What this server is called there.', 'a text', isNotEmpty),
        client_secret: optionalText('The secret of this server there, if it wants one.', 'a text', isNotEmpty),
        scopes: texts('What is asked for.', ['openid', 'profile'], 'a scope such as openid', isNotEmpty),
        username_claim: optionalText(
          'The claim from which a new user gets a user name; `preferred_username` unless given.',
          'the name of a claim',
          isNotEmpty,
        ),
        closed_to_newcomers: flag('Whether only those can log in whose accounts an administrator has linked.', false),
        icon: optionalText('A picture for the button.', 'a URI such as mxc://example.org/abc', value =>
          value.startsWith('mxc://'),
        ),
        brand: optionalText(
          'Which company it is, for clients that have a button of theirs.',
          'a name such as github',
          isId,
        ),
      }),
      'a list of groups with id, name, issuer and client_id',
    ),
    trusted_clients: texts(
      'What the addresses of clients begin with that people need not confirm.',
      [],
      'a URL such as https://app.example.org/',
      value => URL.canParse(value),
    ),
  },
);
