import type { Device } from './device.ts';

/** Files. Contents travel between the processes in base64. */
export const mediaCommands = (device: Device) => ({
  async upload(base64: string, name: string, type: string) {
    const file = new Blob([Buffer.from(base64, 'base64')], { type });
    return (await device.client.uploadContent(file, { name, type })).content_uri;
  },

  download: (uri: string) =>
    get(device, device.client.mxcUrlToHttp(uri, undefined, undefined, undefined, false, true, true), true),

  downloadWithoutToken: (uri: string) =>
    get(device, device.client.mxcUrlToHttp(uri, undefined, undefined, undefined, false, true, true), false),

  thumbnail: (uri: string, width: number, height: number, method: 'crop' | 'scale') =>
    get(device, device.client.mxcUrlToHttp(uri, width, height, method, false, true, true), true),

  mediaConfig: () => device.client.getMediaConfig(true),
});

async function get(device: Device, url: string | null, authenticated: boolean) {
  if (url === null) throw new Error('The client makes no URL of this.');
  const headers = authenticated ? { authorization: `Bearer ${device.client.getAccessToken()}` } : {};
  const answer = await fetch(url, { headers });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    disposition: answer.headers.get('content-disposition'),
    base64: Buffer.from(await answer.arrayBuffer()).toString('base64'),
  };
}
