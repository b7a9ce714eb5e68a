/** What is to be said of a certificate chain: one finding per fault, with its severity. */

import type { Certificate } from './certificate.js';
import { nameText } from './name.js';

export const chainFindingCodes = [
  'empty-chain',
  'chain-too-long',
  'key-mismatch',
  'issuer-mismatch',
  'bad-signature',
  'expired',
  'not-yet-valid',
  'clock-untrusted',
  'ca-as-leaf',
  'not-a-ca',
  'basic-constraints',
  'key-usage',
  'extended-key-usage',
  'unknown-critical-extension',
  'name-constraints',
  'certificate-policies',
  'resources',
  'malformed-certificate',
  'weak-key',
  'weak-hash',
  'name-mismatch',
  'no-subject-alternative-name',
  'incomplete-chain',
  'browser-unsupported',
] as const;

export type ChainFindingCode = (typeof chainFindingCodes)[number];

export interface ChainFinding {
  /** `error`: the chain must not be brought in; `warning`: some peers refuse it; `info`: worth knowing. */
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: ChainFindingCode;
  readonly text: string;
  /** Position in the chain, 0 the end-entity certificate; undefined where the chain as a whole is meant. */
  readonly position?: number;
}

export function error(code: ChainFindingCode, text: string, position?: number): ChainFinding {
  return { severity: 'error', code, text, ...(position === undefined ? {} : { position }) };
}

export function warning(code: ChainFindingCode, text: string, position: number): ChainFinding {
  return { severity: 'warning', code, text, position };
}

export function info(code: ChainFindingCode, text: string): ChainFinding {
  return { severity: 'info', code, text };
}

/** How a certificate is called in the text of a finding. */
export function titled(certificate: Certificate, position: number): string {
  return position === 0 ? 'the certificate' : `the issuer's certificate ${nameText(certificate.subject)}`;
}
