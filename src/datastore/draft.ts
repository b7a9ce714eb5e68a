/** What happens to a candidate before it enters the queue: pruned, compared, validated, amended. */
import { ConfigError } from '../error.js';
import { type Content, decodeJson, diffTreesInSlices, type InstanceIdentifier, type Validator } from '../yang/index.js';
import { type Task, tasksFor } from './change.js';
import type { AmendContext, Change, Difference, Finding, Origin, Root } from './contract.js';
import type { Point } from './history.js';
import { amendTask, type PhaseServices, validateTasks } from './phases.js';
import type { Registry } from './registry.js';
import { isData } from './schema-index.js';
import { pruneSystem, type Sealing } from './sealing.js';

export interface DraftServices extends PhaseServices {
  readonly registry: Registry;
  readonly validator: Validator;
  readonly sealing: Sealing;
}

export interface DraftRequest {
  readonly origin: Origin;
  readonly cause: Change['cause'];
  /** Set where it is to be a confirmed commit. */
  readonly confirm?: object | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Draft {
  /** What it was made on. */
  readonly head: Point;
  readonly root: Root;
  /** The root before handlers amended it; the same object where none did. */
  readonly proposed: Root;
  readonly differences: RootDifferences;
  readonly tasks: readonly Task[];
  readonly findings: readonly Finding[];
}

/** What differs between two roots. */
export class RootDifferences {
  readonly config: readonly Difference[];
  readonly system: readonly Difference[];
  /** Of both trees. */
  readonly all: readonly Difference[];

  constructor(config: readonly Difference[], system: readonly Difference[]) {
    this.config = config;
    this.system = system;
    this.all = system.length === 0 ? config : [...config, ...system];
  }
}

export interface Settled {
  readonly root: Root;
  readonly differences: RootDifferences;
}

/**
 * A root that follows from `before`: nodes whose `when` has turned false are gone (RFC 7950 8.2), and with list entries that
 * are gone their system state. Lets others run in between.
 */
export async function settle(before: Root, proposed: Root, validator: Validator): Promise<Settled> {
  if (proposed.config === before.config) return await settledOf(before, proposed, []);
  const config = await validator.settleInSlices(proposed.config, before.config);
  const differences = await diffTreesInSlices(before.config, config);
  const paths = differences.filter(({ kind }) => kind === 'deleted').map(({ path }) => path);
  const system = pruneSystem(proposed.system, config, paths);
  const isSame = system === proposed.system && config === proposed.config;
  return await settledOf(before, isSame ? proposed : { config, system }, differences);
}

/** What differs between two roots; lets others run in between. */
export async function differencesBetween(before: Root, after: Root): Promise<RootDifferences> {
  return (await settledOf(before, after, await diffTreesInSlices(before.config, after.config))).differences;
}

async function settledOf(before: Root, root: Root, config: readonly Difference[]): Promise<Settled> {
  const system = before.system === root.system ? [] : await diffTreesInSlices(before.system, root.system);
  return { root, differences: new RootDifferences(config, system) };
}

/** Validates against the schema in slices, then by the handlers; every error is in the one that is thrown. */
export async function validateRoot(
  before: Root,
  root: Root,
  tasks: readonly Task[],
  services: DraftServices,
): Promise<readonly Finding[]> {
  if (root.config !== before.config) {
    const errors: readonly ConfigError[] = await services.validator.validateInSlices(root.config, before.config);
    if (errors.length > 0) throw ConfigError.join(errors);
  }
  return validateTasks(tasks, services);
}

/** The draft of a commit: validated, then amended, then validated again where amend changed something. */
export async function makeDraft(
  head: Point,
  settled: Settled,
  request: DraftRequest,
  services: DraftServices,
): Promise<Draft> {
  const before = head.root;
  const { origin, cause } = request;
  const { root: proposed, differences } = settled;
  const confirmed = request.confirm !== undefined;
  const transition = { before, after: proposed, differences: differences.all, origin, cause, confirmed };
  const tasks = tasksFor(services.registry, transition);
  const findings = await validateRoot(before, proposed, tasks, services);
  const root = await amendAll(tasks, proposed, request, services);
  if (root === proposed) return { head, root, proposed, differences, tasks, findings };
  const amended = await settledOf(before, root, differences.config);
  const after = tasksFor(services.registry, { ...transition, after: root, differences: amended.differences.all });
  return {
    head,
    root,
    proposed,
    differences: amended.differences,
    tasks: after,
    findings: await validateRoot(before, root, after, services),
  };
}

async function amendAll(
  tasks: readonly Task[],
  proposed: Root,
  request: DraftRequest,
  services: DraftServices,
): Promise<Root> {
  let root = proposed;
  for (const { entry, change } of tasks) {
    if (entry.handler.amend === undefined) continue;
    const editor = root.system.edit();
    const current = root;
    const context: AmendContext = {
      signal: request.signal ?? new AbortController().signal,
      get: (path) => editor.get(systemPath(path)),
      set: (path, value) => {
        const schema = systemPath(path).last?.schema;
        if (schema === undefined || !isData(schema)) throw new RangeError(`${path.toString()} holds no state`);
        const content: Content = decodeJson(root.config.schema, path, value);
        editor.set(path, services.sealing.seal(path, content));
      },
      remove: (path) => void editor.remove(systemPath(path)),
    };
    await amendTask({ entry, change: { ...change, after: current } }, context, services);
    const system = editor.finish();
    if (system !== root.system) root = { config: root.config, system };
  }
  return root;
}

function systemPath(path: InstanceIdentifier): InstanceIdentifier {
  const schema = path.last?.schema;
  if (schema === undefined || schema.config) throw new RangeError(`${path.toString()} is configuration`);
  return path;
}
