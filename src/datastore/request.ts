/** From edits, by users or by modules, to the root that they ask for. */
import { ConfigError } from '../error.js';
import {
  type ApplyOptions,
  applyEdits,
  type DataTree,
  decodeJson,
  type InstanceIdentifier,
  type Schema,
} from '../yang/index.js';
import type { CommitRequest, JsonEdit, Root } from './contract.js';
import type { DraftServices } from './draft.js';
import { isData } from './schema-index.js';
import type { Sealing } from './sealing.js';
import type { Edit } from './session.js';

/** Edits with every secret sealed: done once, so that building twice gives the same tree. */
export function sealEdits(edits: readonly Edit[], sealing: Sealing): readonly Edit[] {
  return edits.map((edit) =>
    edit.content === undefined ? edit : { ...edit, content: sealing.seal(edit.path, edit.content) },
  );
}

/** RFC 6241 7.2 on a configuration tree; what is sealed stays through a replace of something above it. */
export function editTree(
  tree: DataTree,
  edits: readonly Edit[],
  sealing: Sealing,
  options: ApplyOptions = {},
): DataTree {
  for (const { path } of edits) checkConfig(path);
  if (!edits.some((edit) => edit.operation === 'replace')) return applyEdits(tree, edits, options);
  let result = tree;
  const errors: ConfigError[] = [];
  for (const edit of edits) {
    try {
      const next = applyEdits(result, [edit]);
      result = edit.operation === 'replace' ? sealing.keep(result, next, edit.path) : next;
    } catch (error) {
      if (!(error instanceof ConfigError) || options.collect !== true) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw ConfigError.join(errors);
  return result;
}

/** What a module's code asks for, as a function of the head that it is asked on. */
export function buildRequest(request: CommitRequest, services: DraftServices, schema: Schema): (head: Root) => Root {
  const { sealing } = services;
  const edits = sealEdits(
    (request.edits ?? []).map((edit) => decodeEdit(edit, schema)),
    sealing,
  );
  const system = (request.system ?? []).map(({ path, value }) => {
    const node = path.last?.schema;
    if (node === undefined || !isData(node) || node.config) throw new RangeError(`${path.toString()} holds no state`);
    const content = value === undefined ? undefined : sealing.seal(path, decodeJson(schema, path, value));
    return { path, content };
  });
  return (head) => {
    const config = edits.length === 0 ? head.config : editTree(head.config, edits, sealing);
    if (system.length === 0) return { config, system: head.system };
    const editor = head.system.edit();
    for (const { path, content } of system) {
      if (content === undefined) editor.remove(path);
      else editor.set(path, content);
    }
    return { config, system: editor.finish() };
  };
}

function decodeEdit(edit: JsonEdit, schema: Schema): Edit {
  const { operation, path, value } = edit;
  const node = path.last?.schema;
  if (value === undefined || node === undefined || !isData(node)) return { operation, path };
  return { operation, path, content: decodeJson(schema, path, value) };
}

/** What an action, an rpc or a notification holds is no node of the tree, though it has the kinds of one. */
function checkConfig(path: InstanceIdentifier): void {
  const schema = path.last?.schema;
  const isNode = path.steps.every((step) => isData(step.schema));
  if (schema === undefined || (isNode && isData(schema) && schema.config)) return;
  throw new ConfigError({
    type: 'protocol',
    tag: 'invalid-value',
    path: path.toString(),
    message: isNode ? 'the node is state and cannot be written' : 'the node is not configuration',
  });
}
