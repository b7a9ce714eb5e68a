/** What is loaded together, so that leafs, identities and augments have something to refer to. */
export const publishedSets: readonly (readonly string[])[] = [
  ['ietf-interfaces', 'iana-if-type', 'ietf-ip'],
  ['ietf-system', 'iana-crypt-hash'],
  ['ietf-netconf-acm'],
  ['ietf-access-control-list', 'ietf-packet-fields', 'ietf-interfaces', 'iana-if-type'],
  ['ietf-routing', 'ietf-ipv4-unicast-routing', 'ietf-ipv6-unicast-routing', 'ietf-interfaces', 'iana-if-type'],
  ['ietf-hardware', 'iana-hardware'],
  ['ietf-alarms'],
  ['ietf-yang-library', 'ietf-datastores'],
  ['ietf-netconf-monitoring'],
  ['ietf-restconf-monitoring'],
  ['ietf-subscribed-notifications'],
  ['ietf-keystore', 'ietf-crypto-types'],
  ['ietf-truststore', 'ietf-crypto-types'],
  ['ietf-snmp'],
  ['ietf-network-instance', 'ietf-interfaces', 'iana-if-type'],
  ['ietf-system-capabilities', 'ietf-notification-capabilities'],
  ['ietf-yang-schema-mount'],
  ['ietf-ipv6-router-advertisements', 'ietf-ipv6-unicast-routing', 'ietf-routing', 'ietf-interfaces', 'iana-if-type'],
];

export const ownSets: readonly (readonly string[])[] = [
  ['signet-https'],
  ['signet-access', 'signet-snmp', 'ietf-snmp'],
  ['signet-system', 'signet-agent'],
  ['ietf-snmp', 'signet-snmp'],
  ['ietf-netconf-acm'],
];
