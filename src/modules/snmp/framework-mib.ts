/** SNMP-FRAMEWORK-MIB (RFC 3411): the identity and the clock of the engine. */
import type { StateProvider } from '../../datastore/index.js';
import type { SnmpFacts } from './facts.js';

const path = '/signet-snmp-framework-mib:SNMP-FRAMEWORK-MIB';
/** A UDP datagram over IPv4 holds no more. */
const maxMessageSize = 65_507;

export function frameworkMib(facts: SnmpFacts): readonly StateProvider[] {
  return [
    { path: `${path}/snmpEngineID`, read: () => facts.engineId().toString('base64') },
    { path: `${path}/snmpEngineBoots`, read: () => facts.boots() },
    { path: `${path}/snmpEngineTime`, read: () => facts.time() % 2 ** 31 },
    { path: `${path}/snmpEngineMaxMessageSize`, read: () => maxMessageSize },
  ];
}
