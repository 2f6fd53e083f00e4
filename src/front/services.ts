import { FrontError } from './front-error.ts';

/** Another service of the operator behind the same front. */
export interface Service {
  readonly name: string;
  /** Where it is: scheme, host and port, without a path. */
  readonly url: string;
  /** Under which name people come. */
  readonly host: string;
}

/** @throws FrontError when it is none, or its name or host is taken */
export function withService(services: readonly Service[], service: Service, reserved: readonly string[]): Service[] {
  checkService(service);
  if (services.some(({ name }) => name === service.name))
    throw new FrontError(
      `There is a service ${service.name} already. Take it away first: copse service rm ${service.name}`,
    );
  const taken = services.find(({ host }) => host === service.host);
  if (taken !== undefined) throw new FrontError(`${service.host} belongs to the service ${taken.name}.`);
  if (reserved.includes(service.host))
    throw new FrontError(`${service.host} is the name under which Copse itself is reached.`);
  return [...services, { ...service, url: service.url.replace(/\/$/, '') }].sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
}

/** @throws FrontError when there is none of this name */
export function withoutService(services: readonly Service[], name: string): Service[] {
  if (!services.some(each => each.name === name))
    throw new FrontError(`There is no service ${name}. copse service ls lists those that there are.`);
  return services.filter(each => each.name !== name);
}

function checkService({ name, url, host }: Service): void {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw new FrontError('The name of a service is made of small letters, digits and dashes, such as wiki.');
  if (!isHost(host)) throw new FrontError(`${host} is no host name such as wiki.example.org.`);
  const parsed = URL.parse(url);
  const isBare = parsed !== null && /^https?:\/\/[A-Za-z0-9.:[\]-]+\/?$/.test(url);
  if (!isBare || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw new FrontError(`${url} is no address such as http://10.77.0.9:8080: scheme, host and port, without a path.`);
}

function isHost(text: string): boolean {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
  return text.length <= 253 && new RegExp(`^${label}(\\.${label})+$`).test(text);
}

/** What stands in the file of services. @throws FrontError */
export function parseServices(text: string, file: string): Service[] {
  const list = servicesIn(text);
  if (list === undefined)
    throw new FrontError(`${file} does not hold a list of services. Put it back from your backup.`);
  return list.reduce<Service[]>((services, service) => withService(services, service, []), []);
}

function servicesIn(text: string): Service[] | undefined {
  try {
    const { services } = JSON.parse(text) as { readonly services?: unknown };
    if (!Array.isArray(services)) return undefined;
    return services.map(each => {
      const { name, url, host } = Object(each) as Readonly<Record<string, unknown>>;
      return { name: String(name), url: String(url), host: String(host) };
    });
  } catch {
    return undefined;
  }
}

/** The text of that file. */
export function servicesText(services: readonly Service[]): string {
  return `${JSON.stringify({ services }, null, 2)}\n`;
}
