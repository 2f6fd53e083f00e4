import { isIP } from 'node:net';
import { natsServers } from '../bus/nats-servers.ts';
import { isRole, ROLES } from '../cluster/roles.ts';
import { optionalPath, optionalText, section, texts } from './kinds.ts';

export const cluster = section('Several processes that are one server together, over one PostgreSQL database.', {
  bus: optionalText(
    'The NATS servers over which the processes tell each other what is new, with commas between them. `tls://` insists on ' +
      'TLS. What is lost there comes later; nothing is kept there. A single process needs none.',
    'URLs such as nats://copse:secret@10.0.0.5:4222',
    value => natsServers(value) !== undefined,
  ),
  process: optionalText(
    'The name of this process, one for each; unless given, that of its host and the port of its listener for clients. ' +
      'With the same name it gets back the work that it had.',
    'letters, digits, `.`, `_` and `-`, at most 60 of them',
    value => /^[\w.-]{1,60}$/.test(value),
  ),
  address: optionalText(
    'The host name or IP address under which the proxy in front and the other machines reach this process. Unless given, ' +
      '`listen.client.host`, and where that stands for all addresses the one with which this machine reaches the database.',
    'a host name or an IP address',
    value => isIP(value) !== 0 || /^[\w.-]{1,253}$/.test(value),
  ),
  roles: texts(
    'What this process does: answer requests (`client`, `sync`, `initial-sync`, `media`, `federation-in`), or the work ' +
      'behind (the others). Empty: everything.',
    [],
    `one of ${ROLES.join(', ')}`,
    value => isRole(value),
  ),
  bus_certificate: optionalPath(
    'The certificate in PEM with which a process shows a NATS server who it is (`tls://`).',
  ),
  bus_key: optionalPath('The private key of that certificate in PEM.'),
});
