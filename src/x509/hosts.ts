/** Whether a certificate holds for the names and addresses by which a server is reached (RFC 9525). */

import { domainToASCII } from 'node:url';
import type { Certificate } from './certificate.js';
import { type ChainFinding, warning } from './findings.js';
import { type GeneralName, ipOctets, ipText } from './general-name.js';

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

/** The same of names that a certificate is going to have (RFC 9525 6.3): a leading `*` stands for one label. */
export function namesMatchHost(names: readonly GeneralName[], host: string): boolean {
  const octets = ipOctets(host);
  if (octets !== undefined) {
    return names.some(({ type, value }) => type === 'ip' && ipOctets(value)?.equals(octets) === true);
  }
  const wanted = dnsLabels(host);
  return names.some(({ type, value }) => {
    const [first, ...rest] = dnsLabels(value);
    const others = wanted.slice(1);
    const isFirst = first === '*' ? others.length > 1 : first === wanted[0];
    return type === 'dns' && isFirst && rest.join('.') === others.join('.');
  });
}

function dnsLabels(name: string): readonly string[] {
  const wildcard = name.startsWith('*.') ? '*.' : '';
  const bare = name.slice(wildcard.length);
  return `${wildcard}${domainToASCII(bare) || bare}`.toLowerCase().split('.');
}

/**
 * What is to be said of a certificate that holds for none of `hosts`, or of the names that one is going to have. One that
 * holds for any of them is as good as one that holds for all: a device has more names than anybody uses. No hosts, nothing
 * to say.
 */
export function hostFindings(
  certificate: Certificate | readonly GeneralName[],
  hosts: readonly string[],
): readonly ChainFinding[] {
  const matches = (host: string) =>
    'x509' in certificate ? matchesHost(certificate, host) : namesMatchHost(certificate, host);
  if (hosts.length === 0 || hosts.some(matches)) return [];
  const text = `the certificate does not hold for ${hosts.join(' or ')}, by which the device is reached`;
  return [warning('name-mismatch', text, 0)];
}
