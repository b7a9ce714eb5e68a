/** What a new device has, and the way back to it (RFC 8808). */
import type { Schema } from '../yang/index.js';
import type { JsonEdit, ModuleRegistration, Origin } from './contract.js';

/** What stands in the datastore `factory-default`, and what a reset gives beside it. */
export interface FactoryDefault {
  /** Configuration without secrets, on an empty tree. */
  readonly edits: readonly JsonEdit[];
  /**
   * The first way in for whoever manages the device after a reset that `origin` asks for; a ConfigError refuses the reset.
   * Called once for each reset.
   */
  firstAccess(origin: Origin): Promise<FirstAccess>;
}

export interface FirstAccess {
  /** On top of the factory default, secrets among them. */
  readonly edits: readonly JsonEdit[];
  /** The reset did not come about: what was handed out for it holds nothing. */
  withdraw(): void;
}

/** The rpc `factory-reset`; undefined where the schema has none. */
export function factoryModule(schema: Schema): ModuleRegistration | undefined {
  if (schema.modules.get(moduleName)?.implemented !== true) return undefined;
  return {
    name: 'factory-default',
    actions: [
      {
        path: `/${moduleName}:factory-reset`,
        invoke: async (context) => {
          await context.factoryReset();
          return {};
        },
      },
    ],
  };
}

/** The kind of its entry in the history, which begins with it. */
export const factoryResetKind = 'factory-reset';

const moduleName = 'ietf-factory-default';
