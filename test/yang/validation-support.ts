/** Small schemas and trees for the tests of validation. */
import assert from 'node:assert/strict';
import type { ConfigError } from '../../src/error.js';
import {
  type Branch,
  DataTree,
  decodeJson,
  InstanceIdentifier,
  type JsonValue,
  loadSchema,
  parsePath,
  type Schema,
  Validator,
  type ValidatorOptions,
  type Value,
} from '../../src/yang/index.js';

/** A schema, and trees of it written as JSON. */
export class Model {
  readonly schema: Schema;
  readonly validator: Validator;

  /** `body` is what stands in `module m`, prefix m. */
  constructor(body: string, options: ValidatorOptions & { others?: readonly string[] } = {}) {
    const own = `module m { yang-version 1.1; namespace "urn:m"; prefix m;\n${body}\n}`;
    const files = [own, ...(options.others ?? [])].map((text, index) => ({ name: `${String(index)}.yang`, text }));
    const { schema, errors } = loadSchema({ files });
    assert.deepEqual(errors, []);
    this.schema = schema;
    this.validator = new Validator(schema, options);
  }

  tree(content: JsonValue): DataTree {
    return new DataTree(this.schema, decodeJson(this.schema, InstanceIdentifier.root, content) as Branch);
  }

  /** The tree with some leafs set, or (undefined) nodes removed, by dotted path. */
  edit(base: DataTree, edits: Readonly<Record<string, Value | undefined>>): DataTree {
    const editor = base.edit();
    for (const [text, value] of Object.entries(edits)) {
      const path = parsePath(this.schema, text);
      if (value === undefined) editor.remove(path);
      else editor.set(path, value);
    }
    return editor.finish();
  }

  /** Input, output or content of the operation or notification at `path`. */
  body(path: InstanceIdentifier, content: JsonValue, parameters: 'input' | 'output' = 'input'): Branch {
    return decodeJson(this.schema, path, content, { parameters }) as Branch;
  }

  /** The refusals of a whole tree, each `TAG APP-TAG PATH: MESSAGE`. */
  errors(content: JsonValue | DataTree, base?: DataTree): readonly string[] {
    const tree = content instanceof DataTree ? content : this.tree(content);
    return this.validator.validate(tree, base).map(line);
  }
}

export function line({ tag, appTag, path, message }: ConfigError): string {
  return `${tag} ${appTag ?? '-'} ${path}: ${message}`;
}
