/** Instance data to XML (RFC 7950). */
import { anyToXml } from './any-content.js';
import type {
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
import { finalType, valueToXml } from './values.js';
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
  const writer = new XmlWriter(schema, options.indent, wrapper === undefined ? 0 : 1);
  if (wrapper !== undefined) writer.text += `<${wrapper.name} xmlns="${escapeXmlAttribute(wrapper.namespace)}">`;
  const isData = node.kind === 'container' || node.kind === 'list' || !('dataChildren' in node);
  if (isData) yield* writer.child(node, content, undefined);
  else yield* writer.members(content as Branch, undefined);
  if (wrapper !== undefined) writer.text += `${writer.newLine(-1)}</${wrapper.name}>`;
  yield options.indent === undefined ? writer.text : `${writer.text}\n`;
}

class XmlWriter {
  text = '';
  readonly #schema: Schema;
  readonly #indent: string | undefined;
  #level: number;
  #isFirst = true;

  constructor(schema: Schema, indent: string | undefined, level: number) {
    this.#schema = schema;
    this.#indent = indent;
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
  *members(branch: Branch, above: Module | undefined): Generator<string, void, void> {
    for (const [child, content] of branch.present()) yield* this.child(child, content, above);
  }

  *child(child: DataSchema, content: Content, above: Module | undefined): Generator<string, void, void> {
    switch (child.kind) {
      case 'leaf':
        this.#value(child, content as Value, above);
        break;
      case 'leaf-list':
        for (const value of Array.isArray(content) ? (content as readonly Value[]) : [content as Value]) {
          this.#value(child, value, above);
        }
        break;
      case 'container':
        yield* this.#branch(child, content as Branch, above);
        break;
      case 'list':
        if (content instanceof Branch) yield* this.#branch(child, content, above);
        else for (const entry of content as ListData) yield* this.#branch(child, entry, above);
        break;
      default:
        this.#element(child, above, '', anyToXml(this.#schema, content as AnyContent));
    }
    if (this.text.length > chunkSize) {
      const { text } = this;
      this.text = '';
      yield text;
    }
  }

  *#branch(child: DataSchema, branch: Branch, above: Module | undefined): Generator<string, void, void> {
    const before = this.#start(child, above, '');
    if (branch.isEmpty()) {
      this.text += `${before}/>`;
      return;
    }
    this.text += `${before}>`;
    this.#level++;
    yield* this.members(branch, child.module);
    this.text += `${this.newLine(-1)}</${child.name}>`;
    this.#level--;
  }

  #value(child: LeafSchema | LeafListSchema, value: Value, above: Module | undefined): void {
    const { base } = finalType(child.type);
    const isPlain =
      typeof value !== 'string' || (base !== 'identityref' && base !== 'instance-identifier' && base !== 'union');
    if (isPlain) {
      this.#element(child, above, '', value === null ? '' : escapeXml(String(value)));
      return;
    }
    const prefixes = new Prefixes();
    const text = valueToXml(child.type, value, { schema: this.#schema, prefixFor: (module) => prefixes.of(module) });
    this.#element(child, above, prefixes.declarations(), escapeXml(text));
  }

  #element(child: DataSchema, above: Module | undefined, declarations: string, inner: string): void {
    const start = this.#start(child, above, declarations);
    this.text += inner === '' ? `${start}/>` : `${start}>${inner}</${child.name}>`;
  }

  #start(child: DataSchema, above: Module | undefined, declarations: string): string {
    const own = child.module === above ? '' : ` xmlns="${escapeXmlAttribute(child.module.namespace)}"`;
    return `${this.newLine(0)}<${child.name}${own}${declarations}`;
  }
}

/** The prefixes that one value needs, declared on its element. */
class Prefixes {
  readonly #modules = new Map<string, Module>();

  of(module: Module): string {
    let prefix = module.prefix;
    while (this.#modules.has(prefix) && this.#modules.get(prefix) !== module) prefix += '_';
    this.#modules.set(prefix, module);
    return prefix;
  }

  declarations(): string {
    let text = '';
    for (const [prefix, module] of this.#modules) text += ` xmlns:${prefix}="${escapeXmlAttribute(module.namespace)}"`;
    return text;
  }
}

const chunkSize = 16_384;
