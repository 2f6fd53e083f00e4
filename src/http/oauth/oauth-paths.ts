/** What clients call begins with it. */
export const OAUTH_PREFIX = '/_copse/oauth/';
export const REGISTER_PATH = '/_copse/oauth/register';
export const TOKEN_PATH = '/_copse/oauth/token';
export const DEVICE_PATH = '/_copse/oauth/device';
export const REVOKE_PATH = '/_copse/oauth/revoke';

/** Pages, which browsers open. */
export const AUTHORIZE_PATH = '/_copse/authorize';
export const ACCOUNT_PATH = '/_copse/account';
export const FORGOTTEN_PATH = '/_copse/forgotten';
export const LINK_PATH = '/_copse/link';
export const LOGIN_PATH = '/_copse/login';
export const SIGN_UP_PATH = '/_copse/sign-up';
