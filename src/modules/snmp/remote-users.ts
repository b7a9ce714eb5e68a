/** Users of other engines: their pass phrases become keys localised there (RFC 3414 A.2), and are forgotten. */
import type { ActionHandler } from '../../datastore/index.js';
import { Branch } from '../../yang/index.js';
import { text } from '../read.js';

export interface KeyLocalizer {
  /** The key of a pass phrase at an engine (RFC 3414 A.2, RFC 7860). */
  localizeKey(protocol: string, passPhrase: string, engineId: Buffer): Buffer;
  /** The privacy key, made with the authentication protocol's hash and extended to what the cipher takes. */
  localizePrivacyKey(protocol: string, privacyProtocol: string, passPhrase: string, engineId: Buffer): Buffer;
}

export function setPassPhrase({ localizeKey, localizePrivacyKey }: KeyLocalizer): ActionHandler {
  return {
    path: '/ietf-snmp:snmp/usm/remote/user/signet-snmp:set-pass-phrase',
    async invoke({ root, commit }, instance, input) {
      const user = root.config.get(instance);
      const phrase = String(input['pass-phrase']);
      const engine = String(instance.parent?.last?.keys?.[0] ?? '');
      const engineId = Buffer.from(engine.replaceAll(':', ''), 'hex');
      const protocol = (user instanceof Branch ? text(user, 'authentication-protocol') : undefined) ?? 'sha256';
      const cipher = (user instanceof Branch ? text(user, 'privacy-protocol') : undefined) ?? 'aes128';
      const name = String(instance.last?.keys?.[0] ?? '');
      const value = {
        name,
        'signet-snmp:authentication-key': localizeKey(protocol, phrase, engineId).toString('base64'),
        'signet-snmp:privacy-key': localizePrivacyKey(protocol, cipher, phrase, engineId).toString('base64'),
      };
      const comment = `set-pass-phrase ${name} at ${engine}`;
      await commit({ edits: [{ operation: 'merge', path: instance, value }], comment });
      return {};
    },
  };
}
