/** Instance data to RFC 7951 JSON. */
import { type AnnotationSource, annotationsToJson } from './annotations.js';
import { anyJsonPieces, anyToJson } from './any-content.js';
import { type JsonObject, type JsonValue, setMember } from './json-text.js';
import { InstanceIdentifier } from './path.js';
import type {
  BranchSchema,
  DataSchema,
  LeafListSchema,
  ListSchema,
  Module,
  NotificationSchema,
  OperationSchema,
  Schema,
  Value,
} from './schema.js';
import { type AnyContent, Branch, type Content, ListData } from './tree.js';
import { valueToJson } from './values.js';

export interface JsonEncodeOptions {
  /** Put the value into an object under its own qualified name, `{ "module:name": ... }`; the root is one already. */
  readonly wrap?: boolean;
  /** Asked for the annotations (RFC 7952) of every instance; those of a leaf that stands alone need `wrap`. */
  readonly annotations?: AnnotationSource;
  /** Where `content` stands, for the paths that `annotations` is given; the root by default. */
  readonly at?: InstanceIdentifier;
}

/** What `decodeJson` reads: `node` is the schema node that `content` belongs to. */
export function encodeJson(
  schema: Schema,
  node: BranchSchema | DataSchema | OperationSchema | NotificationSchema,
  content: Content,
  options: JsonEncodeOptions = {},
): JsonValue {
  const writer = new JsonWriter(schema, options);
  const at = (): InstanceIdentifier => options.at ?? InstanceIdentifier.root;
  const value = writer.content(node, content, at);
  if (options.wrap !== true || node.kind === 'root') return value;
  const inArray = node.kind === 'list' && content instanceof Branch;
  const name = node.kind === 'input' || node.kind === 'output' ? node.kind : node.name;
  const qualified = `${node.module.name}:${name}`;
  const metadata = 'slot' in node ? writer.metadataBeside(node, content, at) : undefined;
  return { [qualified]: inArray ? [value] : value, ...(metadata === undefined ? {} : { [`@${qualified}`]: metadata }) };
}

/** The text of {@link encodeJson}, in pieces of some kilobytes, so that a caller can let others run in between. */
export function* jsonTextChunks(
  schema: Schema,
  node: BranchSchema | DataSchema | OperationSchema | NotificationSchema,
  content: Content,
  options: Omit<JsonEncodeOptions, 'wrap'> = {},
): Generator<string, void, void> {
  const writer = new JsonWriter(schema, options);
  yield* writer.write(node, content, () => options.at ?? InstanceIdentifier.root);
  yield writer.text;
}

type Node = BranchSchema | DataSchema | OperationSchema | NotificationSchema;
/** Made when somebody asks. */
type Place = () => InstanceIdentifier;

class JsonWriter {
  /** What `write` has written and not yet handed out. */
  text = '';
  readonly #schema: Schema;
  readonly #source: AnnotationSource | undefined;

  constructor(schema: Schema, { annotations }: JsonEncodeOptions) {
    this.#schema = schema;
    this.#source = annotations;
  }

  content(node: Node, content: Content, at: Place): JsonValue {
    if (content instanceof Branch) return this.#branch(content, at);
    if (content instanceof ListData) return Array.from(content, (entry) => this.#branch(entry, entryPlace(entry, at)));
    return this.#scalar(node, content, at);
  }

  *write(node: Node, content: Content, at: Place): Generator<string, void, void> {
    if (content instanceof Branch) yield* this.#writeBranch(content, at);
    else if (content instanceof ListData) {
      let separator = '[';
      for (const entry of content) {
        this.text += separator;
        separator = ',';
        yield* this.#writeBranch(entry, entryPlace(entry, at));
      }
      this.text += separator === '[' ? '[]' : ']';
    } else if (node.kind === 'leaf-list' && Array.isArray(content)) yield* this.#writeValues(node, content);
    else {
      yield* this.#writeScalar(node, content as Value | AnyContent, at);
      if (this.text.length > chunkSize) yield this.#take();
    }
  }

  *#writeValues({ type }: LeafListSchema, values: readonly Value[]): Generator<string, void, void> {
    let separator = '[';
    for (const value of values) {
      this.text += separator + JSON.stringify(valueToJson(type, value));
      separator = ',';
      if (this.text.length > chunkSize) yield this.#take();
    }
    this.text += separator === '[' ? '[]' : ']';
  }

  *#writeScalar(node: Node, content: Value | AnyContent, at: Place): Generator<string, void, void> {
    const isAny = typeof content === 'object' && content !== null;
    // An annotation of anydata has to go into it, and for that all of it is needed.
    if (!isAny || (this.#source !== undefined && node.kind === 'anydata')) {
      this.text += JSON.stringify(this.#scalar(node, content, at));
      return;
    }
    for (const piece of anyJsonPieces(this.#schema, content)) {
      this.text += piece;
      if (piece === '' || this.text.length > chunkSize) yield this.#take();
    }
  }

  /** What `@name` holds beside a leaf, leaf-list or anyxml (RFC 7952 5.2.3, 5.2.4); undefined where it is left out. */
  metadataBeside(child: DataSchema, content: Content, at: Place): JsonValue | undefined {
    if (this.#source === undefined || child.kind === 'container' || child.kind === 'list' || child.kind === 'anydata') {
      return undefined;
    }
    if (child.kind !== 'leaf-list' || !Array.isArray(content)) return this.#metadata(child, content as Value, at);
    const all = (content as readonly Value[]).map((value) => {
      const itemAt = (): InstanceIdentifier => (at().parent ?? InstanceIdentifier.root).child(child, [value]);
      return this.#metadata(child, value, itemAt) ?? null;
    });
    while (all.at(-1) === null) all.pop();
    return all.length === 0 ? undefined : all;
  }

  #branch(branch: Branch, at: Place): JsonValue {
    const object: Record<string, JsonValue> = {};
    const own = this.#metadataInside(branch, at);
    if (own !== undefined) setMember(object, '@', own);
    const module = moduleOf(branch.schema);
    for (const [child, content] of branch.present()) {
      const name = memberName(child, module);
      const childAt = (): InstanceIdentifier => at().child(child);
      setMember(object, name, this.content(child, content, childAt));
      const metadata = this.metadataBeside(child, content, childAt);
      if (metadata !== undefined) setMember(object, `@${name}`, metadata);
    }
    return object;
  }

  *#writeBranch(branch: Branch, at: Place): Generator<string, void, void> {
    const module = moduleOf(branch.schema);
    let separator = '{';
    const member = (name: string): string => {
      const text = `${separator}${JSON.stringify(name)}:`;
      separator = ',';
      return text;
    };
    const own = this.#metadataInside(branch, at);
    if (own !== undefined) this.text += member('@') + JSON.stringify(own);
    for (const [child, content] of branch.present()) {
      const name = memberName(child, module);
      const childAt = (): InstanceIdentifier => at().child(child);
      this.text += member(name);
      yield* this.write(child, content, childAt);
      const metadata = this.metadataBeside(child, content, childAt);
      if (metadata !== undefined) this.text += member(`@${name}`) + JSON.stringify(metadata);
    }
    this.text += separator === '{' ? '{}' : '}';
    if (this.text.length > chunkSize) yield this.#take();
  }

  #scalar(node: Node, content: Value | readonly Value[] | AnyContent, at: Place): JsonValue {
    if (node.kind === 'leaf-list') {
      const { type } = node;
      return Array.isArray(content)
        ? (content as readonly Value[]).map((each) => valueToJson(type, each))
        : valueToJson(type, content as Value);
    }
    if (node.kind === 'leaf') return valueToJson(node.type, content as Value);
    const json = anyToJson(this.#schema, content as AnyContent);
    if (node.kind !== 'anydata') return json;
    const metadata = this.#metadata(node, content as AnyContent, at);
    return metadata === undefined ? json : { '@': metadata, ...(json as JsonObject) };
  }

  #metadataInside(branch: Branch, at: Place): JsonValue | undefined {
    const { schema } = branch;
    return schema.kind === 'container' || schema.kind === 'list' ? this.#metadata(schema, branch, at) : undefined;
  }

  #metadata(node: DataSchema, content: Branch | Value | AnyContent, at: Place): JsonObject | undefined {
    const annotations = this.#source?.(node, content, at) ?? [];
    return annotations.length === 0 ? undefined : annotationsToJson(annotations);
  }

  #take(): string {
    const { text } = this;
    this.text = '';
    return text;
  }
}

/** `at` is where the list is. */
export function entryPlace(entry: Branch, at: Place): Place {
  const list = entry.schema as ListSchema;
  return () => (at().parent ?? InstanceIdentifier.root).child(list, list.keys.length === 0 ? undefined : entry.keys());
}

export function moduleOf(schema: BranchSchema): Module | undefined {
  return schema.kind === 'root' ? undefined : schema.module;
}

/** The member that holds `child` in what is of the module `parent` (RFC 7951 section 4). */
export function memberName(child: DataSchema, parent: Module | undefined): string {
  return child.module === parent ? child.name : `${child.module.name}:${child.name}`;
}

const chunkSize = 16_384;
