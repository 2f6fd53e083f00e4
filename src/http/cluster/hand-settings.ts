import type { HandedSettings } from '../../cluster/joining/handed-settings.ts';
import { SETTINGS_PATH } from '../../cluster/joining/join-message.ts';
import { endpoint } from '../endpoint.ts';

/** Ours: a board fetches the settings of the server. @throws MatrixError M_NOT_FOUND where there are none to be handed on */
export const handSettings = (settings: () => Promise<HandedSettings>) =>
  endpoint({ method: 'GET', path: SETTINGS_PATH, auth: 'board', handle: () => settings() });
