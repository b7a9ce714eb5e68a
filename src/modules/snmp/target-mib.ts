/** SNMP-TARGET-MIB (RFC 3413 section 4): what RFC 7407 configures as `target` and `target-params`, in its tables. */
import { isIPv6 } from 'node:net';
import type { Root, StateProvider } from '../../datastore/index.js';
import type { Branch, JsonValue } from '../../yang/index.js';
import { container, leaf, list, text, texts, top } from '../read.js';
import { counterStates, rowOf, type SnmpFacts, targetCounters } from './facts.js';

const path = '/signet-snmp-target-mib:SNMP-TARGET-MIB';

export function targetMib(facts: SnmpFacts): readonly StateProvider[] {
  return [
    ...counterStates(path, targetCounters, facts),
    { path: `${path}/snmpTargetAddrEntry`, read: ({ config }) => entries(config, 'target').map(addressRow) },
    {
      path: `${path}/snmpTargetParamsEntry`,
      read: ({ config }) => entries(config, 'target-params').flatMap(paramsRow),
    },
  ];
}

/** Those of a list of /snmp. */
export function entries(config: Root['config'], name: string): readonly Branch[] {
  const snmp = top(config, 'ietf-snmp', 'snmp');
  return [...(list(snmp, name) ?? [])];
}

function addressRow(target: Branch): JsonValue {
  const udp = container(target, 'udp');
  const address = (udp === undefined ? undefined : text(udp, 'ip'))?.replace(/%.*$/u, '') ?? '0.0.0.0';
  const cells = {
    snmpTargetAddrName: text(target, 'name') ?? '',
    snmpTargetAddrTDomain: isIPv6(address) ? transportDomainUdpIpv6 : snmpUdpDomain,
    snmpTargetAddrTAddress: transportAddress(address, Number((udp && leaf(udp, 'port')) ?? 162)).toString('base64'),
    snmpTargetAddrTimeout: Math.min(Number(leaf(target, 'timeout')), 2 ** 31 - 1),
    snmpTargetAddrRetryCount: Number(leaf(target, 'retries')),
    snmpTargetAddrTagList: tagList(texts(target, 'tag')),
    snmpTargetAddrParams: text(target, 'target-params') ?? '',
  };
  return rowOf(cells, 'snmpTargetAddrStorageType', 'snmpTargetAddrRowStatus');
}

function paramsRow(params: Branch): readonly JsonValue[] {
  const usm = container(params, 'usm');
  const v2c = container(params, 'v2c');
  const holder = usm ?? v2c ?? container(params, 'v1');
  if (holder === undefined) return [];
  const cells = {
    snmpTargetParamsName: text(params, 'name') ?? '',
    snmpTargetParamsMPModel: usm !== undefined ? 3 : v2c !== undefined ? 1 : 0,
    snmpTargetParamsSecurityModel: usm !== undefined ? 3 : v2c !== undefined ? 2 : 1,
    snmpTargetParamsSecurityName: text(holder, usm === undefined ? 'security-name' : 'user-name') ?? '',
    snmpTargetParamsSecurityLevel: levels[(usm && text(usm, 'security-level')) ?? ''] ?? 'noAuthNoPriv',
  };
  return [rowOf(cells, 'snmpTargetParamsStorageType', 'snmpTargetParamsRowStatus')];
}

const levels: Readonly<Record<string, string>> = { 'auth-no-priv': 'authNoPriv', 'auth-priv': 'authPriv' };
/** SNMPv2-TM, and for IPv6 TRANSPORT-ADDRESS-MIB (RFC 3419). */
const snmpUdpDomain = '1.3.6.1.6.1.1';
const transportDomainUdpIpv6 = '1.3.6.1.2.1.100.1.2';

/** SnmpUDPAddress or TransportAddressIPv6: the octets of the address, then those of the port. */
function transportAddress(address: string, port: number): Buffer {
  const groups = isIPv6(address) ? ipv6Octets(address) : address.split('.').map(Number);
  return Buffer.from([...groups, port >> 8, port & 0xff]);
}

/** The URL parser knows all spellings and writes one: hexadecimal groups, `::` once. */
function ipv6Octets(address: string): readonly number[] {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head, tail] = plain.split('::').map((side) => side.split(':').filter(Boolean)) as [string[], string[]?];
  const missing = 8 - head.length - (tail?.length ?? 0);
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])];
  return groups.map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff]);
}

/** SnmpTagList: as many tags as its 255 octets hold. */
function tagList(tags: readonly string[]): string {
  let joined = '';
  for (const tag of tags) {
    const longer = joined === '' ? tag : `${joined} ${tag}`;
    if (Buffer.byteLength(longer) > 255) break;
    joined = longer;
  }
  return joined;
}
