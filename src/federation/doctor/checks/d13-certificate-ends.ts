import type { CertificateFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { momentText, spanText } from '../words.ts';
import { RENEW } from './certificate-words.ts';
import { withFront } from './d13-certificate.ts';
import { placeText } from './reading.ts';

const SOON_MS = 14 * 86_400_000;
/** Those that are good for days are renewed days before. */
const LEAST_LEFT = 1 / 4;

export const ourCertificateEnds: Check = {
  cause: 'D13',
  title: 'our certificate ends soon',
  scope: 'us',
  explain: `Certificates are renewed by themselves weeks before they end, until that stops working: port 80 no longer leads there, the program
that did it is gone, or nobody had the proxy take the new one up. Nothing is wrong until the last day, and then everything.
Found by when the certificates end that our addresses show: within two weeks, and in the last quarter of their time.
Helps: renewing it, and looking why that did not happen by itself.`,
  judge({ us, takenAt: now }) {
    const places = us.front?.route.places ?? [];
    const ending = places.find(({ certificate }) => certificate !== null && endsSoon(certificate, now));
    if (ending?.certificate == null) return undefined;
    const { notAfter } = ending.certificate;
    return withFront(us, {
      confidence: 'proven',
      effect: `in ${spanText(notAfter - now)} other servers and clients stop talking to us`,
      proof: [`${placeText(ending)}: the certificate ends ${momentText(notAfter)}`],
      repair: { kind: undefined, lines: [RENEW, 'see why it is not renewed by itself: certbot renew --dry-run'] },
    });
  },
};

function endsSoon({ notBefore, notAfter, distrust }: CertificateFacts, now: number): boolean {
  const left = notAfter - now;
  return distrust === null && left > 0 && left < Math.min(SOON_MS, (notAfter - notBefore) * LEAST_LEFT);
}
