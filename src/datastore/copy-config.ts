/** copy-config (RFC 6241 7.3) between the datastores that there are, for users whom access control lets do it (RFC 8341 3.2.6). */
import { ConfigError } from '../error.js';
import { type DataTree, InstanceIdentifier } from '../yang/index.js';
import { sharedCandidate } from './candidate.js';
import type { CommitResult } from './contract.js';
import type { Core } from './datastore.js';
import type { CommitOptions, CopySource, CopyTarget, Session } from './session.js';

export interface Copy {
  readonly core: Core;
  readonly session: Session;
  readonly target: CopyTarget;
  readonly source: CopySource;
  /** The name of the candidate that is meant. */
  readonly candidate: string;
  readonly options: CommitOptions;
  /** A commit that brings about what `build` makes of the configuration that is running. */
  commit(build: (running: DataTree) => DataTree, options: CommitOptions): Promise<CommitResult>;
}

export async function copyConfig(copy: Copy): Promise<CommitResult> {
  const { core, session, target, source, candidate } = copy;
  const { origin } = session;
  core.access.checkOperation(origin, core.running(), 'ietf-netconf', 'copy-config');
  if ([target, source].includes('startup')) core.startup.check();
  if (target === source) {
    const message = `${source} cannot be copied to itself`;
    throw new ConfigError({ type: 'protocol', tag: 'invalid-value', message });
  }
  const whole = sourceTree(copy);
  const seen = core.access.of(origin, core.running())?.view.tree(whole) ?? whole;
  const put = (former: DataTree) =>
    source === 'factory-default' ? core.services.sealing.keep(former, seen, InstanceIdentifier.root) : seen;
  switch (target) {
    case 'running': {
      const from = core.candidates.get(candidate);
      const { comment = `copy-config from ${source}` } = copy.options;
      const result = await copy.commit(put, { ...copy.options, comment });
      // A candidate that is running now is one that nobody has edited, unless it was meanwhile.
      const isCopied =
        source === 'candidate' && seen === from.tree && core.candidates.get(candidate).tree === from.tree;
      if (isCopied && copy.options.testOnly !== true) core.candidates.discard(candidate);
      return result;
    }
    case 'candidate': {
      if (candidate === sharedCandidate) core.locks.check('candidate', session.id);
      const running = core.running();
      const former = core.candidates.get(candidate).tree;
      const tree = put(former);
      core.access.checkChange(origin, running, former, tree);
      core.candidates.set(candidate, { base: running.config, tree }, origin.user);
      return { transaction: core.transaction(), findings: [] };
    }
    case 'startup': {
      if (source === 'running') {
        if (copy.options.testOnly !== true) await core.startup.saveRunning(session);
        return { transaction: core.transaction(), findings: [] };
      }
      // Running is valid as it is; another has to be as if it were committed.
      const root = { config: put(core.startup.tree), system: core.running().system };
      const { findings } = await copy.commit(() => root.config, trial(copy.options));
      if (copy.options.testOnly !== true) await core.startup.save(session, root);
      return { transaction: core.transaction(), findings };
    }
  }
}

function sourceTree({ core, source, candidate }: Copy): DataTree {
  switch (source) {
    case 'running':
      return core.running().config;
    case 'candidate':
      return core.candidates.get(candidate).tree;
    case 'factory-default':
      return core.factoryDefault;
    case 'startup':
      return core.startup.tree;
  }
}

function trial({ comment }: CommitOptions): CommitOptions {
  return { testOnly: true, ...(comment === undefined ? {} : { comment }) };
}
