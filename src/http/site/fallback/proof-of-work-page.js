// Runs in the browser: see proof-of-work.ts. Finds a number that, written in decimal after the challenge of 64
// characters, gives a SHA-256 (FIPS 180-4) with enough leading zero bits, and sends it.
(() => {
  const SLICE_MS = 50;
  const roots = primes(64).map(prime => [fraction(Math.sqrt(prime)), fraction(Math.cbrt(prime))]);
  const START = new Int32Array(roots.slice(0, 8).map(([square]) => square));
  const K = new Int32Array(roots.map(([, cube]) => cube));
  const schedule = new Int32Array(64);

  function primes(count) {
    const found = [];
    for (let n = 2; found.length < count; n++) if (found.every(prime => n % prime !== 0)) found.push(n);
    return found;
  }

  function fraction(number) {
    return ((number % 1) * 2 ** 32) | 0;
  }

  /** One block: from one state of eight words to the next. */
  function compress(state, block, next) {
    const w = schedule;
    for (let i = 0; i < 16; i++) w[i] = block[i];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    next[0] = a + state[0];
    next[1] = b + state[1];
    next[2] = c + state[2];
    next[3] = d + state[3];
    next[4] = e + state[4];
    next[5] = f + state[5];
    next[6] = g + state[6];
    next[7] = h + state[7];
  }

  /** ASCII text into the words of a block, from its start. */
  function write(block, text) {
    block.fill(0);
    for (let i = 0; i < text.length; i++) block[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  }

  const form = document.getElementById('work');
  const progress = document.getElementById('progress');
  const bits = Number(form.dataset.bits);
  const block = new Int32Array(16);
  write(block, form.dataset.challenge);
  const afterChallenge = new Int32Array(8);
  compress(START, block, afterChallenge);
  const hash = new Int32Array(8);

  function isSolution(nonce) {
    const text = `${nonce}\x80`;
    write(block, text);
    block[15] = 8 * (64 + text.length - 1);
    compress(afterChallenge, block, hash);
    return Math.clz32(hash[0]) >= bits;
  }

  const from = Number(form.dataset.from);
  let nonce = from;
  /** Works for a moment, then lets the browser draw. */
  function work() {
    const end = performance.now() + SLICE_MS;
    while (performance.now() < end) {
      for (const stop = nonce + 1000; nonce < stop; nonce++) if (isSolution(nonce)) return send();
    }
    // Nobody knows how long it takes: this is the chance that it would have been over by now.
    const percent = Math.floor(100 * (1 - Math.exp((from - nonce) / 2 ** bits)));
    progress.textContent = `${nonce - from} numbers tried: ${percent} of 100 would be done by now.`;
    setTimeout(work, 0);
  }

  function send() {
    progress.textContent = 'Found. One moment ...';
    form.elements.namedItem('nonce').value = String(nonce);
    form.submit();
  }

  setTimeout(work, 0);
})();
