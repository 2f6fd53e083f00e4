import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/**
 * Whose certificates are believed: those that Node.js brings, those of the system, and `extra` (texts in PEM, each of
 * which may hold several). Made at the first use and shared by all connections: it takes some megabytes.
 */
export function trustedContext(extra: readonly string[]): () => SecureContext {
  let context: SecureContext | undefined;
  return () => {
    context ??= createSecureContext({
      ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...extra])],
      minVersion: 'TLSv1.2',
    });
    return context;
  };
}
