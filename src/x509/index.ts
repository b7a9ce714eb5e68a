/** Keys, requests, certificates, chains and containers: knows nothing of configuration. */

export {
  type Certificate,
  type CertificateDescription,
  certificatePem,
  certificatesOfPem,
  describe,
  fingerprint,
  isSelfSigned,
  matchesHost,
  readCertificate,
} from './certificate.js';
export { isIssuer, type OrderedChain, type OrderOptions, orderChain } from './chain.js';
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
export {
  checkRevocation,
  type RevocationCheck,
  type RevocationFinding,
  type RevocationList,
  readRevocationList,
} from './crl.js';
export { X509Error, type X509ErrorCode, x509ErrorCodes } from './errors.js';
export { type GeneralName, type GeneralNameType, generalNameTypes } from './general-name.js';
export {
  createKeyGenerator,
  isKeyAlgorithm,
  type KeyAlgorithm,
  type KeyGenerator,
  type KeyPair,
  keyAlgorithmOf,
  keyAlgorithms,
  keyIdOf,
} from './key.js';
export type { SubjectFields } from './name.js';
export { generalNameFault, type ParameterFault, subjectFaults } from './parameters.js';
export { type PathCheck, type PathResult, validatePath } from './path.js';
export { type PemBlock, parsePem, toPem } from './pem.js';
export { writePkcs7 } from './pkcs7.js';
export { type Pkcs12Parameters, writePkcs12 } from './pkcs12.js';
export { keyMatches, privateKeyFromPkcs8, writeEncryptedPrivateKey } from './private-key.js';
export { type Encoded, makeRequest, type RequestParameters } from './request.js';
export { makeSelfSigned, type SelfSignedParameters } from './self-signed.js';
export { type SignatureHash, signatureHashes } from './sign.js';
export {
  type ChainFinding,
  type ChainFindingCode,
  chainFindingCodes,
  type SecurityLevel,
  type ServerChainCheck,
  validateServerChain,
} from './validate.js';
