/** `signet validate`: a document judged by modules on disk, without an agent. */
import { ConfigError } from '../../error.js';
import { type DataTree, parsePath, Validator } from '../../yang/index.js';
import { readDocument } from './document.js';
import type { Call, Output } from './index.js';
import { loadModules } from './modules.js';

/** What the schema says of the document, all of it; what only a running agent knows (keys, certificates) is not asked. */
export async function validate(call: Call): Promise<Output> {
  const { arguments: given } = call;
  const file = String(given.file);
  const { schema } = loadModules(call);
  const withState = given.data === true;
  const tree = await readDocument(schema, file, { configOnly: !withState });
  const errors = withState ? judgeData(tree) : new Validator(schema).validate(tree);
  if (errors.length > 0) throw ConfigError.join(errors);
  return { value: { valid: true }, text: `${file} is valid\n` };
}

/** State must be complete below the top-level nodes that the document has: it need not tell of every module's. */
function judgeData(tree: DataTree): readonly ConfigError[] {
  const { schema } = tree;
  const config = new Validator(schema).validate(tree);
  const known = new Set(config.map((error) => error.line()));
  const state = new Validator(schema, { view: 'all' }).validate(tree).filter((error) => {
    const top = parsePath(schema, error.path).steps[0];
    const isThere = top === undefined || [...tree.root.present()].some(([child]) => child === top.schema);
    return isThere && !known.has(error.line());
  });
  return [...config, ...state];
}
