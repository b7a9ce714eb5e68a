/**
 * schema/ietf-truststore.yang (RFC 9641) as a view: each trust anchor of https is a bag of certificates, in operational only.
 */
import type { Root, StateProvider } from '../../datastore/index.js';
import { type Certificate, fingerprint, isIssuer, isSelfSigned, writePkcs7 } from '../../x509/index.js';
import type { Branch, JsonObject } from '../../yang/index.js';
import { list, text } from '../read.js';
import { certificatesOf, clientAnchorNames } from './anchors.js';
import { httpsContainer } from './entry.js';

export const truststorePath = '/ietf-truststore:truststore';

export function truststoreState(): StateProvider {
  /** By the node that holds them, which never changes. */
  const made = new WeakMap<Branch, readonly JsonObject[]>();
  const bag = (root: Root, anchor: Branch): JsonObject => {
    const certificates = made.get(anchor) ?? bagged(certificatesOf(anchor));
    made.set(anchor, certificates);
    const name = text(anchor, 'name') ?? '';
    const isForClients = clientAnchorNames(httpsContainer(root.config)).includes(name);
    return {
      name,
      description: isForClients ? 'authorities for certificates of clients' : 'authorities for what is installed here',
      certificate: certificates,
    };
  };
  const anchors = (root: Root) => list(httpsContainer(root.config), 'trust-anchor');
  return {
    path: `${truststorePath}/certificate-bags/certificate-bag`,
    origin: 'system',
    read: (root) => {
      const found = anchors(root);
      return found === undefined || found.size === 0 ? undefined : Array.from(found, (anchor) => bag(root, anchor));
    },
    readEntry: (root, instance) => {
      const anchor = anchors(root)?.get([String(instance.last?.keys?.[0] ?? '')]);
      return anchor === undefined ? undefined : bag(root, anchor);
    },
  };
}

/** Each certificate with what leads up to its root, as far as the anchor has it (RFC 9640, trust-anchor-cert-cms). */
function bagged(certificates: readonly Certificate[]): readonly JsonObject[] {
  return certificates.map((certificate) => {
    const chain = [certificate];
    for (let last = certificate; !isSelfSigned(last); ) {
      const issuer = certificates.find((each) => !chain.includes(each) && isIssuer(each, last));
      if (issuer === undefined) break;
      chain.push(issuer);
      last = issuer;
    }
    return { name: fingerprint(certificate), 'cert-data': writePkcs7(chain).der.toString('base64') };
  });
}
