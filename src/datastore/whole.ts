/** The datastores of RFC 8342 as trees, as reads see them: without what is sealed. */
import { type Branch, DataTree, InstanceIdentifier } from '../yang/index.js';
import type { Core } from './datastore.js';
import type { DatastoreName } from './session.js';

/** `candidate` gives the name of the one that is meant. */
export function wholeDatastore(core: Core, name: DatastoreName, candidate: () => string): DataTree {
  const { sealing } = core.services;
  switch (name) {
    case 'startup':
      return sealing.shown(core.startup.tree);
    case 'running':
    // Running holds nothing that is inactive and nothing that is a template, and a commit settles it before it is running: what
    // is intended (RFC 8342 5.1.4) is the same tree.
    case 'intended':
      return sealing.shown(core.running().config);
    case 'candidate':
      return sealing.shown(core.candidates.get(candidate()).tree);
    case 'factory-default':
      return sealing.shown(core.factoryDefault);
    case 'operational':
      return new DataTree(core.schema, core.operational.get(core.running(), InstanceIdentifier.root) as Branch);
  }
}
