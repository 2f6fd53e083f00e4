import type { Static } from 'typebox';
import { Type } from '../base/schema.ts';
import { isServerName } from '../core/ids.ts';
import { calls, turn } from './calls.ts';
import { cluster } from './cluster.ts';
import { frontSection } from './front.ts';
import {
  bytes,
  choice,
  decimal,
  duration,
  flag,
  integer,
  isHttpUrl,
  list,
  optionalPath,
  optionalText,
  path,
  paths,
  ranges,
  requiredText,
  section,
  text,
  texts,
} from './kinds.ts';
import { media, urlPreviews } from './media.ts';
import { oauth, singleSignOn } from './sign-on.ts';

const SERVER_NAME = 'a server name such as example.org';
const BASE_URL = 'a URL such as https://matrix.example.org';

const isPostgresUrl = (value: string) => /^postgres(ql)?:\/\/./.test(value) && URL.canParse(value);
const isPolicyName = (value: string) => /^[A-Za-z0-9_.-]{1,100}$/.test(value);
const isWebAddress = (value: string) => /^https?:$/.test(URL.parse(value)?.protocol ?? '');
const isEmailAddress = (value: string) => /^[^\s@]+@[^\s@]+$/.test(value);

const database = section('Where everything but media is kept.', {
  url: text(
    '`sqlite` keeps a file in the data folder; a `postgres://` URL uses that database instead.',
    'sqlite',
    '`sqlite` or a URL such as postgres://copse:secret@127.0.0.1/copse',
    value => value === 'sqlite' || isPostgresUrl(value),
  ),
  connections: integer(
    'The most connections to PostgreSQL that this server opens, all its processes together: take ten for each of several. ' +
      'What needs one waits in line; work in the background has half of them at the most.',
    5,
    2,
    100,
  ),
});

const listen = section('Where the server listens.', {
  client: section('The listener for clients and, behind a reverse proxy, for other servers too.', {
    host: text('The address. Use `0.0.0.0` or `::` to be reached from other machines.', '127.0.0.1'),
    port: integer('The port; 0 takes a free one.', 8008, 0, 65535),
  }),
  federation: section('A further listener for other servers only, for set-ups without a reverse proxy.', {
    enabled: flag('Whether there is one.', false),
    host: text('The address.', '0.0.0.0'),
    port: integer('The port; servers try 8448 when nothing tells them otherwise.', 8448, 0, 65535),
    certificate: optionalPath('The certificate chain in PEM; with none the listener speaks plain HTTP.'),
    key: optionalPath('The private key of the certificate in PEM.'),
  }),
  admin: section(
    'A listener of its own for the administration API (`/_synapse/admin/`). With it, the others do not serve that API.',
    {
      enabled: flag('Whether there is one.', false),
      host: text('The address.', '127.0.0.1'),
      port: integer('The port; 0 takes a free one.', 8009, 0, 65535),
    },
  ),
});

const tls = section('Certificates: trust in those of others, and one of its own.', {
  extra_ca: paths('Files of certificate authorities in PEM that are trusted beside the usual ones.'),
  acme: section(
    'A certificate for `listen.federation`, or for the front of several processes, that is got and renewed by itself (RFC 8555, ' +
      'HTTP-01): the authority has to reach this server at port 80 of each name.',
    {
      enabled: flag('Whether one is got. Who switches it on agrees to the terms of the authority.', false),
      directory: text(
        "The authority's directory; Let's Encrypt unless given.",
        'https://acme-v02.api.letsencrypt.org/directory',
        BASE_URL,
        isHttpUrl,
      ),
      email: optionalText('Where the authority may write to.', 'a mail address', isEmailAddress),
      names: texts(
        'The names that it is for; the name of the server when the list is empty.',
        [],
        SERVER_NAME,
        isServerName,
      ),
      host: text('The address on which the authority is answered.', '0.0.0.0'),
      port: integer(
        'The port for that; 0 where a proxy on port 80 passes `/.well-known/acme-challenge/` on to `listen.client`.',
        80,
        0,
        65535,
      ),
    },
  ),
});

const wellKnown = section('What `/.well-known/matrix/...` says. Copse serves it on the client listener.', {
  client: optionalText('The address for clients; `public_base_url` unless given.', BASE_URL, isHttpUrl),
  server: optionalText(
    'Where other servers connect to; the host of `public_base_url` with port 443 unless given.',
    'a host with a port such as matrix.example.org:443',
    isServerName,
  ),
  policy_server_key: optionalText(
    'The public key of a policy server that answers under this name, for rooms that want to name it (`m.room.policy`).',
    'an Ed25519 key in unpadded base64',
    value => /^[A-Za-z0-9+/]{43}$/.test(value),
  ),
  support: section('Whom to ask for help with this server.', {
    page: optionalText('A web page.', BASE_URL, isHttpUrl),
    email: optionalText('An address for administrative questions.', 'a mail address', isEmailAddress),
    matrix_id: optionalText('A Matrix user for administrative questions.', 'a user such as @admin:example.org', value =>
      /^@[^:]+:.+$/.test(value),
    ),
    security_email: optionalText('An address for reports of security problems.', 'a mail address', isEmailAddress),
  }),
});

const registration = section('Who can make an account.', {
  mode: choice(
    '`closed`: administrators make accounts. `token`: whoever has a registration token. `approval`: anybody, but an ' +
      'administrator lets each one in. `open`: anybody, which needs `open_to_everybody` as well.',
    'closed',
    ['closed', 'token', 'approval', 'open'],
  ),
  open_to_everybody: flag(
    'Confirms that `mode: open` is meant. A server open to everybody without a check is found by spammers in days.',
    false,
  ),
  approval: section('What happens to those who ask for an account with `mode: approval`.', {
    ask_reason: flag(
      'Whether they write to the administrators why they want it. Clients that do not know the question show a page of ' +
        'this server.',
      true,
    ),
    most_waiting: integer('When so many wait, nobody else can ask until some are decided on.', 1000, 1, 1_000_000),
  }),
  proof_of_work: section(
    'A computation that those have to do who make an account without a token: a page in the browser does it for people, ' +
      'and those who make thousands pay for each (docs/registration.md).',
    {
      when: choice(
        '`under_load`: while more accounts are made than usual, which is noticed only where there are `rate_limits`. ' +
          '`always` keeps out clients and scripts that cannot show a page.',
        'under_load',
        ['never', 'under_load', 'always'],
      ),
      bits: integer(
        'How hard it is while few accounts are made: each bit more doubles it. 20 take a phone a few seconds. It gets ' +
          'up to 64 times as hard by itself, with the number of accounts that are made.',
        20,
        8,
        26,
      ),
    },
  ),
});

function limit(what: string, perSecond: number, burst: number) {
  return section(what, {
    per_second: decimal('How many a second on average.', perSecond, 0.001),
    burst: integer('How many at once.', burst, 1, 1_000_000),
  });
}

const limits = section('How often each user, or each address where there is no user yet, may do things.', {
  message: limit('Sending events.', 5, 50),
  registration: limit('Making accounts without a token, from one address (of IPv6: one /64).', 0.005, 5),
  registration_network: limit('Making accounts without a token, from one network (/24, of IPv6 /48).', 0.02, 15),
  registration_total: limit('Making accounts, all together.', 0.05, 50),
  login: limit('Logging in.', 0.2, 10),
  join: limit('Joining rooms.', 0.5, 20),
  invite: limit('Inviting users.', 0.5, 20),
  create_room: limit('Creating rooms.', 0.1, 10),
  media_upload: limit('Uploading media.', 1, 30),
  media_download: limit('Downloading media.', 20, 200),
  profile: limit('Changing names and pictures.', 0.2, 10),
  keys: limit('Asking for encryption keys.', 20, 200),
  search: limit('Searching messages, rooms and people.', 1, 20),
  report: limit('Reporting content.', 0.1, 10),
  mail: limit('Asking for mails; counted for whoever asks and for the address that they go to.', 0.005, 5),
  other: limit('Everything else that is limited.', 20, 200),
});

const allowedPrivate = section(
  'Private and loopback addresses that this server may connect to when others name them.',
  {
    federation: ranges('For other servers.', []),
    push: ranges('For push gateways.', []),
    previews: ranges('For previews of linked pages.', []),
  },
);

const federation = section('Talking to other servers.', {
  enabled: flag('Whether this server talks to others at all.', true),
  verify_tls: flag(
    'Whether certificates of other servers are checked. Switch it off in closed test networks only.',
    true,
  ),
  trusted_key_servers: texts(
    'Servers that are asked for the keys of servers that do not answer themselves.',
    ['matrix.org'],
    SERVER_NAME,
    isServerName,
  ),
  share_profiles: flag(
    'Whether other servers can ask for the names and pictures of users who are in no room with theirs.',
    true,
  ),
  share_directory: flag('Whether other servers can ask which rooms are listed here.', true),
  allow: texts(
    'The only servers that this one talks to, as patterns with `*` and `?`; all when the list is empty. Ports do not count.',
    [],
    'a pattern such as *.example.org',
    value => value !== '',
  ),
  deny: texts(
    'Servers that this one does not talk to, neither way, as patterns. They stay in the rooms they are in.',
    [],
    'a pattern such as *.example.org',
    value => value !== '',
  ),
  vantage: flag(
    'Whether other servers that run Copse may have this one look at them from outside (docs/doctor.md): once a minute at most.',
    false,
  ),
  watch: section(
    'Watching for trouble with other servers and with our own name (docs/doctor.md): a few questions every five minutes.',
    {
      enabled: flag('Whether it is done.', true),
      tell_administrators: flag('Whether administrators get a message from the server when there is trouble.', true),
    },
  ),
  retry: section('When a server that does not answer is tried again. A sign of life from it counts at once.', {
    initial: duration('The wait after the first failure.', '10s'),
    factor: decimal('By how much each further wait is longer.', 2, 1),
    longest: duration('The longest wait.', '1d'),
  }),
});

const log = section('The log, written to standard output.', {
  level: choice('The least that is written.', 'info', ['debug', 'info', 'warn', 'error']),
  format: choice('`auto` is `text` on a terminal and `json` elsewhere.', 'auto', ['auto', 'text', 'json']),
});

const metrics = section('Figures for Prometheus at `/metrics`, on a listener of their own.', {
  enabled: flag('Whether they are served. When the port is taken the server starts without them and says so.', true),
  host: text('The address. Figures are not for the public.', '127.0.0.1'),
  port: integer(
    'The port; 0 takes a free one. Each of several processes has its own: so many more as its port for clients is above 8008, or above 8100 where an agent starts it.',
    9008,
    0,
    65535,
  ),
});

const mail = section('Mails with which users prove addresses and get new passwords. They need `public_base_url`.', {
  from: optionalText('The sender; with none this server sends no mails.', 'a mail address', isEmailAddress),
  server: text('The mail server that takes them (SMTP).', '127.0.0.1'),
  port: integer('Its port.', 587, 1, 65535),
  security: choice(
    '`starttls`: TLS after the greeting, or no mail. `tls`: TLS from the beginning (port 465). `none`: for a server on this ' +
      'machine.',
    'starttls',
    ['starttls', 'tls', 'none'],
  ),
  user: optionalText('The name to log in with, if it wants one.', 'a text', value => value !== ''),
  password: optionalText('The password to log in with.', 'a text', value => value !== ''),
});

const serverNotices = section('What the server itself tells users, in a room of their own (`copse user notice`).', {
  user: text(
    'The user it speaks through, without the server name. Nobody can register or log in under this name.',
    '_server',
    'a user name such as _server',
    value => /^[a-z0-9._=/+-]{1,100}$/.test(value),
  ),
  name: text('The name of that user.', 'Server'),
  room_name: text('The name of the rooms.', 'Server notices'),
  room_topic: text('The topic of the rooms.', 'Messages from the administrators of this server'),
});

const terms = list(
  'What users have to accept when they register: terms of service, a privacy policy. With a new version, new users accept ' +
    'the new one.',
  section('', {
    name: requiredText(
      'Names the document over all versions and languages.',
      'letters, digits and _ such as privacy_policy',
      isPolicyName,
    ),
    version: requiredText('Its version.', 'a text such as 1.2', value => value !== ''),
    texts: list(
      'Where it can be read.',
      section('', {
        language: requiredText('The language.', 'a language tag such as en', value =>
          /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(value),
        ),
        name: requiredText('What the document is called in this language.', 'a text', value => value !== ''),
        url: requiredText('Where the text is.', 'a URL such as https://example.org/terms.html', isWebAddress),
      }),
      'a list of groups with language, name and url',
    ),
  }),
  'a list of groups with name, version and texts (language, name, url)',
);

const passwords = section('What it costs to check a password (Argon2id). More is safer and slower.', {
  memory: bytes('Memory for each password that is being checked.', '19M'),
  passes: integer('Passes over that memory.', 2, 1, 100),
});

export const ConfigSchema = section('', {
  server_name: optionalText(
    'The part after the colon in user names. It is chosen at the first start (`--name`) and cannot be changed later.',
    SERVER_NAME,
    isServerName,
  ),
  data_dir: path('The data folder: database, media, signing key, secrets. Back it up.', './copse-data'),
  database,
  cluster,
  listen,
  public_base_url: optionalText('The address under which clients reach this server from outside.', BASE_URL, isHttpUrl),
  well_known: wellKnown,
  front: frontSection,
  trusted_proxies: ranges('Reverse proxies whose word on the address of a client is believed.', ['127.0.0.0/8', '::1']),
  tls,
  registration,
  terms,
  oauth,
  single_sign_on: singleSignOn,
  server_notices: serverNotices,
  registration_shared_secret: optionalText(
    'The secret with which scripts make accounts (`/_synapse/admin/v1/register`). A random one is in the data folder ' +
      'unless given.',
    'a text of at least 8 characters',
    value => value.length >= 8,
  ),
  rate_limits: Type.Union([Type.Literal('off'), limits], { description: 'Rate limits, or `off` for none at all.' }),
  default_room_version: choice('The version of rooms created here.', '12', ['6', '7', '8', '9', '10', '11', '12']),
  allowed_private_addresses: allowedPrivate,
  federation,
  appservices: paths('Registration files of bridges and other application services, as these generate them.'),
  media,
  url_previews: urlPreviews,
  mail,
  turn,
  calls,
  presence: flag('Whether users see who is online. It costs much in big rooms.', false),
  memory: bytes(
    'What the server process may use altogether; the process that draws thumbnails, and PostgreSQL, come on top. About ' +
      '96M are the program itself; caches, queues and buffers share half of the rest, and what others ask for beyond ' +
      'that is refused for the moment.',
    '256M',
    '128M',
  ),
  password_hashing: passwords,
  log,
  metrics,
});

/** The settings in force. Sizes are bytes, durations milliseconds, paths absolute. */
export type Config = Static<typeof ConfigSchema>;
