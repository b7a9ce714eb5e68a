/** Instance data to XML (RFC 7950). */
import type { AnnotationSource } from './annotations.js';
import { anyXmlPieces } from './any-content.js';
import { entryPlace } from './json-encode.js';
import { InstanceIdentifier } from './path.js';
import type {
  AnySchema,
  BranchSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  Module,
  NotificationSchema,
  Schema,
  Value,
} from './schema.js';
import { type AnyContent, Branch, type Content, type ListData } from './tree.js';
import { hasNames, valueToXml } from './values.js';
import { escapeXml, escapeXmlAttribute } from './xml-reader.js';

/** An element of another namespace to put around what is written: `<data xmlns="...">`. */
export interface XmlWrapper {
  readonly name: string;
  readonly namespace: string;
}

export interface XmlEncodeOptions {
  readonly wrapper?: XmlWrapper;
  /** For people: each element on a line of its own, this put in front once for each level. What anydata holds stays as it is. */
  readonly indent?: string;
  /** Asked for the annotations (RFC 7952) of every instance. */
  readonly annotations?: AnnotationSource;
  /** Where `content` stands, for the paths that `annotations` is given; the root by default. */
  readonly at?: InstanceIdentifier;
}

/**
 * The elements of `content`, which belongs to `node`: of the root its top-level nodes side by side, of operation parameters
 * and notification bodies their children, of a list all entries; else one element. Namespaces are declared where they change.
 */
export function encodeXml(
  schema: Schema,
  node: BranchSchema | DataSchema | NotificationSchema,
  content: Content,
  options: XmlEncodeOptions = {},
): string {
  return [...xmlTextChunks(schema, node, content, options)].join('');
}

/** The text of {@link encodeXml}, in pieces of some kilobytes, so that a caller can let others run in between. */
export function* xmlTextChunks(
  schema: Schema,
  node: BranchSchema | DataSchema | NotificationSchema,
  content: Content,
  options: XmlEncodeOptions = {},
): Generator<string, void, void> {
  const { wrapper } = options;
  const writer = new XmlWriter(schema, options, wrapper === undefined ? 0 : 1);
  const at = (): InstanceIdentifier => options.at ?? InstanceIdentifier.root;
  if (wrapper !== undefined) writer.text += `<${wrapper.name} xmlns="${escapeXmlAttribute(wrapper.namespace)}">`;
  const isData = node.kind === 'container' || node.kind === 'list' || !('dataChildren' in node);
  if (isData) yield* writer.child(node, content, undefined, at);
  else yield* writer.members(content as Branch, undefined, at);
  if (wrapper !== undefined) writer.text += `${writer.newLine(-1)}</${wrapper.name}>`;
  yield options.indent === undefined ? writer.text : `${writer.text}\n`;
}

class XmlWriter {
  text = '';
  readonly #schema: Schema;
  readonly #indent: string | undefined;
  readonly #source: AnnotationSource | undefined;
  #level: number;
  #isFirst = true;

  constructor(schema: Schema, { indent, annotations }: XmlEncodeOptions, level: number) {
    this.#schema = schema;
    this.#indent = indent;
    this.#source = annotations;
    this.#level = level;
    this.#isFirst = level === 0;
  }

  /** What stands in front of an element, or with -1 in front of the end of the one around it. */
  newLine(more: 0 | -1): string {
    if (this.#indent === undefined) return '';
    if (this.#isFirst) {
      this.#isFirst = false;
      return '';
    }
    return `\n${this.#indent.repeat(this.#level + more)}`;
  }

  /** `above` is the module whose namespace is the default one around the children. */
  *members(branch: Branch, above: Module | undefined, at: Place): Generator<string, void, void> {
    for (const [child, content] of branch.present()) yield* this.child(child, content, above, () => at().child(child));
  }

  *child(child: DataSchema, content: Content, above: Module | undefined, at: Place): Generator<string, void, void> {
    switch (child.kind) {
      case 'leaf':
        this.#value(child, content as Value, above, at);
        break;
      case 'leaf-list':
        if (!Array.isArray(content)) this.#value(child, content as Value, above, at);
        else {
          for (const value of content as readonly Value[]) {
            this.#value(child, value, above, () => (at().parent ?? InstanceIdentifier.root).child(child, [value]));
            if (this.text.length > chunkSize) yield this.#take();
          }
        }
        break;
      case 'container':
        yield* this.#branch(child, content as Branch, above, at);
        break;
      case 'list':
        if (content instanceof Branch) yield* this.#branch(child, content, above, at);
        else for (const entry of content as ListData) yield* this.#branch(child, entry, above, entryPlace(entry, at));
        break;
      default: {
        yield* this.#any(child, content as AnyContent, above, at);
      }
    }
    if (this.text.length > chunkSize) yield this.#take();
  }

  #take(): string {
    const { text } = this;
    this.text = '';
    return text;
  }

  *#any(child: AnySchema, content: AnyContent, above: Module | undefined, at: Place): Generator<string, void, void> {
    this.text += this.#start(child, above, this.#attributes(child, content, at, new Prefixes()));
    let isEmpty = true;
    for (const piece of anyXmlPieces(this.#schema, content)) {
      if (piece !== '' && isEmpty) this.text += '>';
      if (piece !== '') isEmpty = false;
      this.text += piece;
      if (piece === '' || this.text.length > chunkSize) yield this.#take();
    }
    this.text += isEmpty ? '/>' : `</${child.name}>`;
  }

  *#branch(child: DataSchema, branch: Branch, above: Module | undefined, at: Place): Generator<string, void, void> {
    const before = this.#start(child, above, this.#attributes(child, branch, at, new Prefixes()));
    if (branch.isEmpty()) {
      this.text += `${before}/>`;
      return;
    }
    this.text += `${before}>`;
    this.#level++;
    yield* this.members(branch, child.module, at);
    this.text += `${this.newLine(-1)}</${child.name}>`;
    this.#level--;
  }

  #value(child: LeafSchema | LeafListSchema, value: Value, above: Module | undefined, at: Place): void {
    if (typeof value !== 'string' || !hasNames(child.type)) {
      const attributes = this.#source === undefined ? '' : this.#attributes(child, value, at, new Prefixes());
      this.#element(child, above, attributes, value === null ? '' : escapeXml(String(value)));
      return;
    }
    const prefixes = new Prefixes();
    const text = valueToXml(child.type, value, { schema: this.#schema, prefixFor: (module) => prefixes.of(module) });
    this.#element(child, above, this.#attributes(child, value, at, prefixes), escapeXml(text));
  }

  /** Annotations (RFC 7952 5.1), and the declarations of all prefixes that the element needs. */
  #attributes(child: DataSchema, content: Branch | Value | AnyContent, at: Place, prefixes: Prefixes): string {
    let text = '';
    for (const { schema, value } of this.#source?.(child, content, at) ?? []) {
      const names = { schema: this.#schema, prefixFor: (module: Module) => prefixes.of(module) };
      const written = valueToXml(schema.type, value, names);
      text += ` ${prefixes.of(schema)}:${schema.name}="${escapeXmlAttribute(written)}"`;
    }
    return prefixes.declarations() + text;
  }

  #element(child: DataSchema, above: Module | undefined, attributes: string, inner: string): void {
    const start = this.#start(child, above, attributes);
    this.text += inner === '' ? `${start}/>` : `${start}>${inner}</${child.name}>`;
  }

  #start(child: DataSchema, above: Module | undefined, attributes: string): string {
    const own = child.module === above ? '' : ` xmlns="${escapeXmlAttribute(child.module.namespace)}"`;
    return `${this.newLine(0)}<${child.name}${own}${attributes}`;
  }
}

/** Made when somebody asks. */
type Place = () => InstanceIdentifier;

/** The prefixes that one value and its annotations need, declared on the element. */
class Prefixes {
  readonly #namespaces = new Map<string, string>();

  of({ prefix: wanted, namespace }: Pick<Module, 'prefix' | 'namespace'>): string {
    // Prefixes that begin with xml are not for others to declare (Namespaces in XML 1.0, section 3).
    let prefix = /^xml/iu.test(wanted) ? `_${wanted}` : wanted;
    while ((this.#namespaces.get(prefix) ?? namespace) !== namespace) prefix += '_';
    this.#namespaces.set(prefix, namespace);
    return prefix;
  }

  declarations(): string {
    let text = '';
    for (const [prefix, namespace] of this.#namespaces) text += ` xmlns:${prefix}="${escapeXmlAttribute(namespace)}"`;
    return text;
  }
}

const chunkSize = 16_384;
