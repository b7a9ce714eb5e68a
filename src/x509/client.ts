/** Judging the certificates that a TLS client sent, after the handshake: anchors and revocation lists by RFC 5280 section 6. */

import { type Certificate, readCertificate } from './certificate.js';
import { X509Error } from './errors.js';
import { type ChainFinding, error } from './findings.js';
import { validatePath } from './path.js';
import { ListSignatures, type RevocationFinding } from './revocation.js';
import type { RevocationList } from './revocation-list.js';
import type { ChainCircumstances } from './validate.js';

export interface ClientTrust {
  readonly anchors: readonly Certificate[];
  readonly revocationLists: readonly RevocationList[];
  /** True refuses a client for whose chain there is not a current list at every step (level high). */
  readonly revocationRequired: boolean;
}

export interface ClientVerdict {
  readonly accepted: boolean;
  /** The client's certificate first, the anchor last; as far as it was found where the client is refused. */
  readonly path: readonly Certificate[];
  /** Errors are the reasons of a refusal. */
  readonly findings: readonly (ChainFinding | RevocationFinding)[];
}

/**
 * Judges the chain as the client sent it (DER, its own certificate first, the rest in any order). Never throws: octets
 * that are no certificate are a refusal.
 */
export type ClientValidator = (chain: readonly Buffer[], circumstances: ChainCircumstances) => ClientVerdict;

/** A validator for many connections: what it finds out about lists is kept. A list speaks only of its own issuer's clients. */
export function createClientValidator(trust: ClientTrust): ClientValidator {
  const listSignatures = new ListSignatures();
  return (chain, circumstances) => {
    try {
      // More than these no client needs, and each costs a parse.
      const [leaf, ...intermediates] = chain.slice(0, mostSent).map(readCertificate);
      if (leaf === undefined) return refused(error('empty-chain', 'the client sent no certificate'));
      const { path, findings } = validatePath({
        ...circumstances,
        ...trust,
        listSignatures,
        leaf,
        intermediates,
        purpose: 'client',
      });
      return { accepted: !findings.some(({ severity }) => severity === 'error'), path, findings };
    } catch (thrown) {
      if (!(thrown instanceof X509Error)) throw thrown;
      return refused(
        error('malformed-certificate', `the client sent a certificate that cannot be read: ${thrown.message}`),
      );
    }
  };
}

function refused(finding: ChainFinding): ClientVerdict {
  return { accepted: false, path: [], findings: [finding] };
}

const mostSent = 16;
