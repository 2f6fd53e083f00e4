import type { Devices } from '../../../accounts/devices.ts';
import type { OAuthClient } from '../../../accounts/oauth/clients.ts';
import { type Html, html } from '../html.ts';

/** What a client calls itself, and the host it says it belongs to: the one anybody may claim, of the other its addresses are. */
export function clientName({ metadata }: OAuthClient): string {
  const { host } = new URL(metadata.client_uri);
  return metadata.client_name === undefined ? host : `${metadata.client_name} (${host})`;
}

/** Where an address leads, for people. */
export function placeOf(address: string): string {
  const { protocol, host } = new URL(address);
  return /^https?:$/.test(protocol) ? host : `the app behind ${protocol}`;
}

/** Says so where a client wants to be a device that is there already, whose sessions end by that. */
export async function replacedDevice(devices: Devices, userNid: number, deviceId: string): Promise<Html[]> {
  const known = await devices.find(userNid, deviceId);
  if (known === undefined) return [];
  return [html`<p>It takes the place of your device ${known.displayName ?? ''} (<code>${deviceId}</code>).</p>`];
}

/** Links to what the client wants people to have read (client-server API, "Client metadata"). */
export function clientLinks({ metadata }: OAuthClient): Html[] {
  const links: [string, string | undefined][] = [
    ['Its terms of service', metadata.tos_uri],
    ['Its privacy policy', metadata.policy_uri],
  ];
  return links.flatMap(([text, url]) =>
    url === undefined ? [] : [html`<p><a href="${url}" target="_blank" rel="noreferrer">${text}</a></p>\n`],
  );
}

/** An address as a content security policy names it. Such a policy has no words for IPv6. */
export function cspSource(address: string): string {
  const { protocol, origin, hostname } = new URL(address);
  return /^https?:$/.test(protocol) && !hostname.startsWith('[') ? origin : protocol;
}
