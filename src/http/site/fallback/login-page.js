// Runs in the browser: see login.ts. Signs in as the client that opened the page, and hands it the answer.
(() => {
  const LOGIN = '/_matrix/client/v3/login';
  /** What a client may say that shows nobody's identity: it goes into the login as it came. */
  const FORWARDED = ['device_id', 'initial_device_display_name', 'refresh_token'];
  const here = new URL(location.href);
  const form = document.getElementById('login');
  const state = document.getElementById('state');
  const providers = document.getElementById('providers');

  function say(words, isWrong = false) {
    state.textContent = words;
    state.className = isWrong ? 'wrong' : '';
  }

  function forwarded() {
    const given = FORWARDED.filter(name => here.searchParams.has(name));
    return Object.fromEntries(
      given.map(name => {
        const value = here.searchParams.get(name);
        return [name, name === 'refresh_token' ? value === 'true' : value];
      }),
    );
  }

  async function logIn(credentials) {
    say('One moment ...');
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ ...forwarded(), ...credentials });
    const reply = await fetch(LOGIN, { method: 'POST', headers, body });
    const answer = await reply.json();
    if (!reply.ok) return say(answer.error ?? 'That did not work.', true);
    form.hidden = true;
    providers.hidden = true;
    say('You are signed in, and can go back to your client.');
    // The function of before version 1.1 of the specification is still the one of some clients.
    if (window.matrixLogin?.onLogin) window.matrixLogin.onLogin(answer);
    else if (window.onLogin) window.onLogin(answer);
  }

  function tried(credentials) {
    logIn(credentials).catch(() => say('The server did not answer. Try again.', true));
  }

  /** A provider sends people back here, with a token to sign in with. */
  function linkTo({ id, name }) {
    const back = new URL(here);
    back.searchParams.delete('loginToken');
    const link = document.createElement('a');
    link.textContent = `Sign in with ${name}`;
    link.href = `${LOGIN}/sso/redirect/${encodeURIComponent(id)}?redirectUrl=${encodeURIComponent(back.href)}`;
    const line = document.createElement('p');
    line.append(link);
    return line;
  }

  async function showWays() {
    const { flows } = await (await fetch(LOGIN)).json();
    const signOn = flows.find(({ type }) => type === 'm.login.sso');
    providers.replaceChildren(...(signOn?.identity_providers ?? []).map(linkTo));
    form.hidden = flows.every(({ type }) => type !== 'm.login.password');
    say('');
  }

  form.addEventListener('submit', event => {
    event.preventDefault();
    const { name, password } = Object.fromEntries(new FormData(form));
    tried({ type: 'm.login.password', identifier: { type: 'm.id.user', user: name.trim() }, password });
  });
  const token = here.searchParams.get('loginToken');
  if (token !== null) {
    // It is good once: a page that is loaded anew must not try it again.
    here.searchParams.delete('loginToken');
    history.replaceState(null, '', here);
    tried({ type: 'm.login.token', token });
  } else showWays().catch(() => say('The server did not answer. Load this page again.', true));
})();
