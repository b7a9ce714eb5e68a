/** Whether a certificate holds for the names and addresses by which a server is reached (RFC 9525). */

import { domainToASCII } from 'node:url';
import type { Certificate } from './certificate.js';
import { type ChainFinding, warning } from './findings.js';
import { ipOctets, ipText } from './general-name.js';

/**
 * True where a TLS client that reaches the server by this host name or address accepts the certificate's names: by
 * subjectAltName only (RFC 9525), `*` as the whole first label.
 */
export function matchesHost(certificate: Certificate, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const octets = ipOctets(bare);
  if (octets !== undefined) {
    const wanted = ipText(octets);
    return certificate.subjectAltNames.some(({ type, value }) => type === 'ip' && value === wanted);
  }
  return (
    certificate.x509.checkHost(domainToASCII(bare) || bare, { subject: 'never', partialWildcards: false }) !== undefined
  );
}

/**
 * What is to be said of a certificate that holds for none of `hosts`. One that holds for any of them is as good as one
 * that holds for all: a device has more names than anybody uses. No hosts, nothing to say.
 */
export function hostFindings(certificate: Certificate, hosts: readonly string[]): readonly ChainFinding[] {
  if (hosts.length === 0 || hosts.some((host) => matchesHost(certificate, host))) return [];
  const text = `the certificate does not hold for ${hosts.join(' or ')}, by which the device is reached`;
  return [warning('name-mismatch', text, 0)];
}
