/** SNMP-COMMUNITY-MIB (RFC 3584 section 5): what RFC 7407 configures as `community` and `target`, in its tables. */
import { isIPv6 } from 'node:net';
import type { StateProvider } from '../../datastore/index.js';
import type { Branch, JsonValue } from '../../yang/index.js';
import { container, leaf, text } from '../read.js';
import { rowOf, type SnmpFacts } from './facts.js';
import { entries } from './target-mib.js';

const path = '/signet-snmp-community-mib:SNMP-COMMUNITY-MIB';
/** What a UDP datagram over IPv4 holds. */
const maxMessageSize = 65_507;

export function communityMib(facts: SnmpFacts): readonly StateProvider[] {
  const communities: StateProvider['read'] = ({ config }) => {
    const engineId = facts.engineId().toString('base64');
    return entries(config, 'community').map((community) => communityRow(community, engineId));
  };
  return [
    { path: `${path}/snmpCommunityEntry`, read: communities },
    { path: `${path}/snmpTargetAddrExtEntry`, read: ({ config }) => entries(config, 'target').map(maskRow) },
  ];
}

function communityRow(community: Branch, engineId: string): JsonValue {
  const cells = {
    snmpCommunityIndex: text(community, 'index') ?? '',
    snmpCommunityName: '',
    snmpCommunitySecurityName: text(community, 'security-name') ?? '',
    snmpCommunityContextEngineID: engineId,
    snmpCommunityContextName: text(community, 'context') ?? '',
    snmpCommunityTransportTag: text(community, 'target-tag') ?? '',
  };
  return rowOf(cells, 'snmpCommunityStorageType', 'snmpCommunityStatus');
}

/** As wide as the address and its port, of which the port may be any. */
function maskRow(target: Branch): JsonValue {
  const udp = container(target, 'udp');
  const width = isIPv6((udp && text(udp, 'ip'))?.replace(/%.*$/u, '') ?? '') ? 128 : 32;
  const length = (udp && leaf(udp, 'prefix-length')) ?? width;
  const mask = Buffer.alloc(width / 8 + 2);
  for (let bit = 0; bit < Number(length) && bit < width; bit += 1) mask[bit >> 3]! |= 0x80 >> (bit & 7);
  return {
    snmpTargetAddrName: text(target, 'name') ?? '',
    snmpTargetAddrTMask: mask.toString('base64'),
    snmpTargetAddrMMS: maxMessageSize,
  };
}
