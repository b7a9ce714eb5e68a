/** Keys, requests, certificates, chains and containers: knows nothing of configuration. */

export { type BrowserFacts, type BrowserReason, browserFactsOf, browserReasons } from './browsers.js';
export {
  type CertToNameFacts,
  certToNameFacts,
  hasTlsFingerprint,
  type TlsHash,
  tlsFingerprint,
  tlsFingerprintFault,
  tlsHashes,
} from './cert-to-name.js';
export {
  type Certificate,
  type CertificateDescription,
  type CertificateTerm,
  certificatePem,
  certificatesOfPem,
  certificateTerm,
  describe,
  fingerprint,
  isSelfSigned,
  readCertificate,
} from './certificate.js';
export { isCompleteChain, type OrderedChain, type OrderOptions, orderChain } from './chain.js';
export { type ClientTrust, type ClientValidator, type ClientVerdict, createClientValidator } from './client.js';
export {
  type Content,
  type ContentFormat,
  choosePrivateKey,
  contentFormats,
  type KeyChoice,
  type PrivateKeyEntry,
  type ReadOptions,
  readContent,
} from './content.js';
export { X509Error, type X509ErrorCode, x509ErrorCodes } from './errors.js';
export { type KeyUsage, keyUsages, namesOrCommonName, type UsageParameters } from './extensions.js';
export { type ChainFinding, type ChainFindingCode, chainFindingCodes } from './findings.js';
export type { SecurityLevel } from './form.js';
export { type GeneralName, type GeneralNameType, generalNameTypes } from './general-name.js';
export { hostFindings, matchesHost, namesMatchHost } from './hosts.js';
export { isIssuer } from './issuers.js';
export {
  createKeyGenerator,
  isKeyAlgorithm,
  type KeyAlgorithm,
  type KeyGenerator,
  type KeyPair,
  keyAlgorithmOf,
  keyAlgorithms,
  keyIdOf,
  subjectPublicKeyInfo,
} from './key.js';
export { type ListFault, listFaults } from './list-faults.js';
export type { SubjectFields } from './name.js';
export { generalNameFault, type ParameterFault, subjectFaults, usageFaults } from './parameters.js';
export { type PathCheck, type PathResult, validatePath } from './path.js';
export { type PemBlock, parsePem, toPem } from './pem.js';
export { writePkcs7 } from './pkcs7.js';
export { type Pkcs12Parameters, writePkcs12 } from './pkcs12-writer.js';
export type { PolicyInputs } from './policies.js';
export { keyMatches, privateKeyFromPkcs8, writeEncryptedPrivateKey } from './private-key.js';
export type { Purpose } from './purpose.js';
export { type Encoded, makeRequest, type RequestParameters } from './request.js';
export { publicKeyOfRequest, signRequestInfo } from './request-info.js';
export { checkRevocation, isCurrentList, type RevocationCheck, type RevocationFinding } from './revocation.js';
export { type RevocationList, readRevocationList } from './revocation-list.js';
export { makeSelfSigned, type SelfSignedParameters } from './self-signed.js';
export { type SignatureHash, signatureHashes, signatureHashFault } from './sign.js';
export { type ChainCircumstances, type ServerChainCheck, validateServerChain } from './validate.js';
