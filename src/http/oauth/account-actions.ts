/** Client-server API, "Account management URL actions". */
export const ACCOUNT_ACTIONS: readonly string[] = [
  'org.matrix.profile',
  'org.matrix.devices_list',
  'org.matrix.device_view',
  'org.matrix.device_delete',
  'org.matrix.account_deactivate',
  'org.matrix.cross_signing_reset',
];

/** What some of them were called in MSC4191, and are in Cinny and older clients. */
export const OLD_ACCOUNT_ACTIONS: Readonly<Record<string, string>> = {
  'org.matrix.sessions_list': 'org.matrix.devices_list',
  'org.matrix.session_view': 'org.matrix.device_view',
  'org.matrix.session_end': 'org.matrix.device_delete',
};
