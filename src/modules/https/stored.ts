/** Certificates as the tree holds them: those that every commit looks at are not read anew by each. */
import { type Certificate, readCertificate } from '../../x509/index.js';

/** Some 20 kB each, with the views of node and OpenSSL. */
const keptCertificates = 64;

const kept = new Map<string, Certificate>();

/** The certificate in base64 of DER, read once while it is among the last that were asked for; throws X509Error. */
export function storedCertificate(encoded: string): Certificate {
  const found = kept.get(encoded);
  if (found !== undefined) kept.delete(encoded);
  const certificate = found ?? readCertificate(Buffer.from(encoded, 'base64'));
  if (kept.size === keptCertificates) kept.delete(kept.keys().next().value ?? '');
  kept.set(encoded, certificate);
  return certificate;
}
