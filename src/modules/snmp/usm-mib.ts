/** usmUserTable of SNMP-USER-BASED-SM-MIB (RFC 3414): the users of the tree that have keys for this engine. */
import type { StateProvider } from '../../datastore/index.js';
import type { Branch, JsonValue } from '../../yang/index.js';
import { container, list, text, top } from '../read.js';
import { rowOf, type SnmpFacts } from './facts.js';

const path = '/signet-snmp-usm-mib:SNMP-USER-BASED-SM-MIB';

export function usmMib(facts: SnmpFacts): readonly StateProvider[] {
  const read: StateProvider['read'] = ({ config }) => {
    const engineId = facts.engineId().toString('base64');
    const users = list(top(config, 'signet-access', 'users'), 'user') ?? [];
    return [...users].flatMap((user) => userRow(user, engineId));
  };
  return [{ path: `${path}/usmUserEntry`, read }];
}

function userRow(user: Branch, engineId: string): readonly JsonValue[] {
  const snmp = container(user, 'snmp');
  const has = (leaf: string) => snmp !== undefined && text(snmp, leaf) !== undefined;
  if (snmp === undefined || !has('authentication-key')) return [];
  const name = text(user, 'name') ?? '';
  const cells = {
    usmUserEngineID: engineId,
    usmUserName: name,
    usmUserSecurityName: name,
    usmUserCloneFrom: '0.0',
    usmUserAuthProtocol: authProtocols[text(snmp, 'authentication-protocol') ?? ''] ?? noAuthProtocol,
    usmUserAuthKeyChange: '',
    usmUserOwnAuthKeyChange: '',
    usmUserPrivProtocol: has('privacy-key')
      ? (privProtocols[text(snmp, 'privacy-protocol') ?? ''] ?? noPrivProtocol)
      : noPrivProtocol,
    usmUserPrivKeyChange: '',
    usmUserOwnPrivKeyChange: '',
    usmUserPublic: '',
  };
  return [rowOf(cells, 'usmUserStorageType', 'usmUserStatus')];
}

/** snmpAuthProtocols of RFC 3411, with the members of RFC 3414 and RFC 7860. */
const noAuthProtocol = '1.3.6.1.6.3.10.1.1.1';
const authProtocols: Readonly<Record<string, string>> = {
  md5: '1.3.6.1.6.3.10.1.1.2',
  sha1: '1.3.6.1.6.3.10.1.1.3',
  sha224: '1.3.6.1.6.3.10.1.1.4',
  sha256: '1.3.6.1.6.3.10.1.1.5',
  sha384: '1.3.6.1.6.3.10.1.1.6',
  sha512: '1.3.6.1.6.3.10.1.1.7',
};

/** snmpPrivProtocols with the members of RFC 3414 and RFC 3826; for longer keys what Net-SNMP and Cisco call them. */
const noPrivProtocol = '1.3.6.1.6.3.10.1.2.1';
const privProtocols: Readonly<Record<string, string>> = {
  des: '1.3.6.1.6.3.10.1.2.2',
  aes128: '1.3.6.1.6.3.10.1.2.4',
  aes192: '1.3.6.1.4.1.14832.1.3',
  aes256: '1.3.6.1.4.1.14832.1.4',
  aes192c: '1.3.6.1.4.1.9.12.6.1.1',
  aes256c: '1.3.6.1.4.1.9.12.6.1.2',
};
