import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installFront } from '../../src/main/front-command.ts';
import { type Certified, TestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type DoctorWorld, US } from './doctor-world.ts';
import type { Fault } from './fault.ts';
import { Nginx } from './nginx.ts';

/** A front that Copse has made, and that somebody changed by hand since: the doctor makes it anew. */
export const FAULTS_OF_MADE_FRONTS: readonly Fault[] = [
  changed('F05m', 'nginx as Copse makes it, with the body limits taken down to 1 MB', 'D05', text =>
    text.replaceAll(/client_max_body_size \w+;/g, 'client_max_body_size 1m;'),
  ),
  changed('F06m', 'nginx as Copse makes it, and proxy_pass was given a path', 'D06', text =>
    text.replaceAll('proxy_pass http://$copse_upstream;', 'proxy_pass http://$copse_upstream$uri$is_args$args;'),
  ),
  changed('F18m', 'nginx as Copse makes it, and somebody keeps /_matrix/federation/v2 for himself', 'D18', text =>
    text.replaceAll('location / {', 'location /_matrix/federation/v2 { return 404; }\nlocation / {'),
  ),
  changed('F11m', 'nginx as Copse makes it, and its certificate was put there without a reload', 'D13', undefined),
];

/** `by`: how its text is changed; undefined: it is as it was, and nginx has not read what lies there. */
function changed(
  id: string,
  about: string,
  cause: NonNullable<Fault['cause']>,
  by: ((text: string) => string) | undefined,
): Fault {
  return {
    id,
    about,
    cause,
    async inject(world) {
      const made = await MadeNginx.open(world);
      if (by === undefined) await made.present(new TestAuthority('Between').issue({ names: [US] }));
      else await made.change(by);
      // What comes meanwhile is lost where the front keeps it from coming.
      const said = [await world.say(world.peer, 'x'.repeat(30_000)), await world.say(world.peer, 'hello')];
      return async () => {
        await world.repair('say_hello');
        for (const id of said) await world.arrives(world.us, id);
        const { us } = await world.diagnosis();
        if (us.findings.length > 0) throw new Error(`still: ${us.findings.map(each => each.cause).join(' ')}`);
        return true;
      };
    },
  };
}

/** A real nginx with the configuration that `copse front nginx --install` puts in place. */
class MadeNginx {
  readonly #nginx: Nginx;
  readonly #file: string;
  readonly #good: Certified;

  private constructor(nginx: Nginx, file: string, good: Certified) {
    this.#nginx = nginx;
    this.#file = file;
    this.#good = good;
  }

  static async open(world: DoctorWorld): Promise<MadeNginx> {
    const { folder, url = '' } = world.us.server;
    const [port, httpsPort] = [await freePort(), await freePort()];
    const file = (name: string) => join(folder, name);
    const good = world.authority.issue({ names: [US] });
    const nginx = await Nginx.open(good, '');
    world.defer(() => nginx[Symbol.asyncDispose]());
    writeFileSync(
      file('copse.yaml'),
      `public_base_url: https://${US}
front: { certificate: "${nginx.certificate}", key: "${nginx.key}", addresses: [127.0.0.1], https_port: ${httpsPort}, federation_port: ${port} }
`,
    );
    writeFileSync(file('processes.yaml'), `- { name: us, address: "${new URL(url).host}" }\n`);
    await nginx.include(file('front.conf'), '');
    const wanted = {
      ...{ program: 'nginx' as const, processes: file('processes.yaml'), isWhole: false, install: file('front.conf') },
      ...{ isFollowing: false, isRunning: false, reload: nginx.reloading },
    };
    await installFront({ data: folder }, wanted);
    await nginx.opens(port);
    world.delegateUs(`${US}:${port}`);
    return new MadeNginx(nginx, file('front.conf'), good);
  }

  async change(by: (text: string) => string): Promise<void> {
    const text = readFileSync(this.#file, 'utf8');
    const other = by(text);
    if (other === text) throw new Error('nothing was changed');
    writeFileSync(this.#file, other);
    await this.#nginx.reload();
  }

  /** Another certificate is in use, and the good one lies where it should be. */
  async present(bad: Certified): Promise<void> {
    this.#nginx.keep(bad);
    await this.#nginx.reload();
    this.#nginx.keep(this.#good);
  }
}
