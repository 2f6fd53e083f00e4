import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const MODULES = join(import.meta.dirname, '..', '..', 'node_modules');
const HYDROGEN = 'hydrogen-view-sdk/asset-build/assets';

/** What the SDK imports, and where each package has it. CommonJS is wrapped, so that a browser takes it. */
const IMPORTS: Readonly<Record<string, { readonly file: string; readonly commonJs: boolean }>> = {
  'hydrogen-view-sdk': { file: 'hydrogen-view-sdk/lib-build/hydrogen.es.js', commonJs: false },
  dompurify: { file: 'dompurify/dist/purify.es.js', commonJs: false },
  'another-json': { file: 'another-json/another-json.js', commonJs: true },
  'base64-arraybuffer': { file: 'base64-arraybuffer/lib/base64-arraybuffer.js', commonJs: true },
  'off-color': { file: 'off-color/cjs/index.js', commonJs: true },
  '@matrix-org/olm/olm.js': { file: '@matrix-org/olm/olm.js', commonJs: true },
};

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  html: 'text/html; charset=utf-8',
};

/** A web site with the Hydrogen client, as somebody would put it beside a home server. Disposing of it closes it. */
export async function openClientSite(homeserver: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, answer) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const found = path === '/' ? { type: 'html', body: page(homeserver) } : fileAt(path);
    if (found === undefined) answer.writeHead(404).end();
    else answer.writeHead(200, { 'content-type': TYPES[found.type] ?? 'application/octet-stream' }).end(found.body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve()).closeAllConnections()),
  };
}

interface Found {
  readonly type: string;
  readonly body: Buffer | string;
}

function fileAt(path: string): Found | undefined {
  const name = decodeURIComponent(path.replace(/^\/import\//, ''));
  const imported = IMPORTS[name];
  try {
    if (imported !== undefined) return { type: 'js', body: moduleText(imported) };
    const inHydrogen = /^\/assets\/[\w.-]+$/.test(path) ? path.slice('/assets/'.length) : undefined;
    const inOlm = /^\/olm\/[\w.-]+$/.test(path) ? path.slice('/olm/'.length) : undefined;
    if (path === '/sw.js')
      return { type: 'js', body: readFileSync(join(MODULES, 'hydrogen-view-sdk/lib-build/sw.js')) };
    const file = inHydrogen === undefined ? join('@matrix-org/olm', inOlm ?? '') : join(HYDROGEN, inHydrogen);
    return { type: path.split('.').at(-1) ?? '', body: readFileSync(join(MODULES, file)) };
  } catch {
    return undefined;
  }
}

function moduleText({ file, commonJs }: { readonly file: string; readonly commonJs: boolean }): string {
  const text = readFileSync(join(MODULES, file), 'utf8');
  if (!commonJs) return text;
  return `const module = { exports: {} }; const exports = module.exports;\n${text}\n;export default module.exports;`;
}

function page(homeserver: string): string {
  const imports = Object.fromEntries(
    Object.keys(IMPORTS).map(name => [name, `/import/${encodeURIComponent(name)}`] as const),
  );
  return `<!doctype html>
<html><head><meta charset="utf-8"><title>Hydrogen</title>
<link rel="stylesheet" href="/assets/theme-element-light.css">
<script type="importmap">${JSON.stringify({ imports })}</script></head>
<body class="hydrogen"><script type="module">
import { Client, createNavigation, createRouter, FeatureSet, Platform, RootView, RootViewModel } from 'hydrogen-view-sdk';
const homeserver = ${JSON.stringify(homeserver)};
const platform = new Platform({
  container: document.body,
  assetPaths: {
    downloadSandbox: '/assets/download-sandbox.html',
    worker: '/assets/main.js',
    serviceWorker: '/sw.js',
    olm: { wasm: '/olm/olm.wasm', legacyBundle: '/olm/olm_legacy.js', wasmBundle: '/olm/olm.js' },
  },
  config: { defaultHomeServer: homeserver },
});
// Hydrogen has registration, but no form for it.
window.signUp = async (username, password) => {
  const registration = await new Client(platform).startRegistration(homeserver, username, password, 'Hydrogen');
  for (let stage = await registration.start(); stage !== undefined; ) stage = await registration.submitStage(stage);
  return registration.authData.userId;
};
await platform.init();
const navigation = createNavigation();
platform.setNavigation(navigation);
const urlRouter = createRouter({ navigation, history: platform.history });
urlRouter.attach();
const features = await FeatureSet.load(platform.settingsStorage);
const root = new RootViewModel({ platform, urlCreator: urlRouter, urlRouter, navigation, features });
window.hydrogen = root;
await root.load();
document.body.appendChild(new RootView(root).mount());
</script></body></html>`;
}
