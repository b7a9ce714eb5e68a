/** Who issued a certificate: candidates by name, confirmed by signature, within a bound on the signatures checked. */

import { type Certificate, verifies } from './certificate.js';
import { X509Error } from './errors.js';

/** Signatures that were checked: each pair once, and not without end. */
export class SignatureChecks {
  readonly #known = new Map<Certificate, Map<string, boolean>>();
  #left: number;

  constructor(most = mostSignatures) {
    this.#left = most;
  }

  /** True where `issuer`'s key made the signature. Throws X509Error `too-big` beyond the bound. */
  verifies(certificate: Certificate, issuer: Certificate): boolean {
    const known = this.#known.get(certificate) ?? new Map<string, boolean>();
    const verdict = known.get(issuer.keyId);
    if (verdict !== undefined) return verdict;
    if (--this.#left < 0) throw new X509Error('too-big', 'more signatures than are checked for one chain');
    const checked = verifies(certificate, issuer);
    this.#known.set(certificate, known.set(issuer.keyId, checked));
    return checked;
  }
}

/** Certificates by subject: finding who may have issued another costs nothing for those of other names. */
export class IssuerIndex {
  readonly #bySubject = new Map<string, Certificate[]>();

  constructor(certificates: Iterable<Certificate>) {
    for (const certificate of certificates) {
      const list = this.#bySubject.get(certificate.comparableSubject);
      if (list === undefined) this.#bySubject.set(certificate.comparableSubject, [certificate]);
      else list.push(certificate);
    }
  }

  /** Those of the name that `certificate` gives as its issuer's; those that its key identifier names come first. */
  candidates(certificate: Certificate): readonly Certificate[] {
    const found = this.named(certificate.comparableIssuer);
    return found.length < 2
      ? found
      : [...found].sort((a, b) => Number(namesIssuer(certificate, b)) - Number(namesIssuer(certificate, a)));
  }

  named(comparableSubject: string): readonly Certificate[] {
    return this.#bySubject.get(comparableSubject) ?? [];
  }
}

/** True where nothing in the authorityKeyIdentifier of `certificate` speaks against `issuer` (RFC 5280 4.2.1.1). */
export function namesIssuer(
  { authorityKeyIdentifier: wanted }: Pick<Certificate, 'authorityKeyIdentifier'>,
  issuer: Certificate,
): boolean {
  if (wanted === undefined) return true;
  const { keyIdentifier, serial, issuer: name } = wanted;
  const ownIdentifier = issuer.subjectKeyIdentifier;
  return (
    (keyIdentifier === undefined || ownIdentifier === undefined || keyIdentifier === ownIdentifier) &&
    (serial === undefined || serial === issuer.serial) &&
    (name === undefined || name === issuer.comparableIssuer)
  );
}

/** True where `issuer` has the name that `certificate` gives as its issuer's, and its key made the signature. */
export function isIssuer(issuer: Certificate, certificate: Certificate): boolean {
  return issuer.comparableSubject === certificate.comparableIssuer && verifies(certificate, issuer);
}

/** Some 0.1 s of one processor. */
const mostSignatures = 200;
