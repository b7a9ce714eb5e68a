/** The device as a managed system: the system group of SNMPv2-MIB (RFC 3418). */
import type { ModuleRegistration, StateProvider } from '../datastore/index.js';

export interface SystemFacts {
  /** Product, version, platform: sysDescr. */
  readonly description: string;
  /** sysObjectID, dotted. */
  readonly objectId: string;
  /** Hundredths of a second since the agent came up, on a monotonic clock. */
  upTime(): number;
}

/** Application (64) and end-to-end (8) services: sysServices as RFC 3418 computes it for a host. */
const services = 72;

export function systemModule(facts: SystemFacts): ModuleRegistration {
  const state = (name: string, read: () => string | number): StateProvider => ({
    path: `/signet-system:system/${name}`,
    read,
  });
  return {
    name: 'system',
    handlers: [{ name: 'system', path: '/signet-system:system' }],
    state: [
      state('description', () => facts.description),
      state('object-id', () => facts.objectId),
      state('up-time', () => facts.upTime()),
      state('services', () => services),
    ],
  };
}
