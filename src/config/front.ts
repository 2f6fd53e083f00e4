import { integer, path, ranges, section, texts } from './kinds.ts';

/** What the configuration of nginx or HAProxy is made of that stands in front (`copse front`). */
export const frontSection = section(
  'The nginx or HAProxy in front of this server, for which `copse front` writes the configuration (docs/reverse-proxy.md).',
  {
    addresses: texts(
      'The addresses of that machine at which it listens.',
      ['0.0.0.0', '[::]'],
      'an address, IPv6 in brackets',
      value => /^(\d+(\.\d+){3}|\[[0-9A-Fa-f:.]+\])$/.test(value),
    ),
    https_port: integer('The port for clients, and for servers that know where to go.', 443, 1, 65535),
    federation_port: integer('The port for servers that found no word on where to go.', 8448, 1, 65535),
    plain_port: integer('A port without TLS, for what speaks TLS before it; 0 for none.', 0, 0, 65535),
    certificate: path(
      'The certificate chain in PEM; `{name}` stands for the name that it is for.',
      '/etc/letsencrypt/live/{name}/fullchain.pem',
    ),
    key: path(
      'Its private key. HAProxy wants it in the same file, or beside it with `.key` at the end.',
      '/etc/letsencrypt/live/{name}/privkey.pem',
    ),
    proxies: ranges('What stands in front of it, and is believed about the addresses of clients.', []),
  },
);
