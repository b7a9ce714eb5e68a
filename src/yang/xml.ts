/** XML (RFC 7950) to instance data, streaming. */
import { type Annotation, type AnnotationSink, annotationOfAttribute } from './annotations.js';
import { codecLimits } from './codec-limits.js';
import type { InstanceIdentifier } from './path.js';
import { Problems } from './problems.js';
import type {
  AnySchema,
  BranchSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  Module,
  Schema,
  Value,
} from './schema.js';
import { type IsDue, inSlices, neverDue } from './slices.js';
import { openTarget, type Target } from './target.js';
import type { Content } from './tree.js';
import type { BranchBuilder } from './tree-builder.js';
import { readLexical, type ValueContext } from './values.js';
import { Fault } from './values-fault.js';
import { AnyRecorder } from './xml-any.js';
import { type XmlAttribute, type XmlElement, XmlFeed, type XmlHandler, XmlReader } from './xml-reader.js';

export interface XmlDecodeOptions {
  /** For a path that ends in an operation: which of its parameters the element holds; `input` by default. */
  readonly parameters?: 'input' | 'output';
  readonly configOnly?: boolean;
  /** For the root: top-level elements side by side, without one around them. */
  readonly fragment?: boolean;
  /**
   * Told of the attributes of a data node's element, namespace declarations left out. `path()` is right once the whole
   * document is read. Returns what it did not know, which is refused as `unknown-attribute`, and whether a leaf may be without
   * a value (as for `operation="delete"`, RFC 6241 7.2). Declared annotations (RFC 7952) may be among the unknown.
   */
  attributes?(attributes: readonly XmlAttribute[], node: DataSchema, path: () => InstanceIdentifier): AttributeVerdict;
  /** Told of declared annotations, their values read. */
  readonly annotations?: AnnotationSink;
}

export interface AttributeVerdict {
  readonly unknown: readonly XmlAttribute[];
  readonly valueless: boolean;
}

/**
 * Reads the element of what stands at `path`; for the root a `data` or `config` element of NETCONF or RESTCONF around the
 * top-level nodes, or one of these. Throws one ConfigError with all faults, as `decodeJson` does, or a single
 * `malformed-message` or `too-big` with line and column.
 */
export function decodeXml(
  schema: Schema,
  path: InstanceIdentifier,
  xml: string | Uint8Array,
  options: XmlDecodeOptions = {},
): Content {
  const decoder = new XmlDecoder(schema, path, options);
  new XmlFeed(xml, new XmlReader(decoder, options)).advance(neverDue);
  return decoder.finish();
}

/** As {@link decodeXml}, letting others run in between. */
export async function decodeXmlText(
  schema: Schema,
  path: InstanceIdentifier,
  xml: string | Uint8Array,
  options: XmlDecodeOptions = {},
): Promise<Content> {
  const decoder = new XmlDecoder(schema, path, options);
  const feed = new XmlFeed(xml, new XmlReader(decoder, options));
  await inSlices((isDue) => feed.advance(isDue), 1);
  await inSlices((isDue) => decoder.settle(isDue), 1);
  return decoder.finish();
}

type Frame =
  | { readonly kind: 'document' }
  | { readonly kind: 'branch'; readonly builder: BranchBuilder }
  | {
      readonly kind: 'value';
      readonly builder: BranchBuilder;
      readonly child: LeafSchema | LeafListSchema;
      readonly element: XmlElement;
      valueless: boolean;
      text: string;
      /** Set when the element is closed. */
      value: Value | undefined;
    }
  | {
      readonly kind: 'any';
      readonly builder: BranchBuilder;
      readonly child: AnySchema;
      readonly recorder: AnyRecorder;
      depth: number;
    }
  /** Inside an element that was refused. */
  | { readonly kind: 'skip'; depth: number };
type ValueFrame = Frame & { readonly kind: 'value' };

/** A handler for elements of a document, or for a part of one that another handler reads (an `edit-config`, say). */
export class XmlDecoder implements XmlHandler {
  readonly #schema: Schema;
  readonly #options: XmlDecodeOptions;
  readonly #target: Target;
  readonly #problems = new Problems(codecLimits.errors);
  readonly #context: ElementContext;
  readonly #stack: Frame[] = [{ kind: 'document' }];
  /** Prefixes in scope, for what is kept as text. */
  readonly #scopes: Readonly<Record<string, string>>[] = [];

  constructor(schema: Schema, path: InstanceIdentifier, options: XmlDecodeOptions = {}) {
    this.#schema = schema;
    this.#options = options;
    this.#target = openTarget(schema, path, options.parameters ?? 'input');
    this.#context = new ElementContext(schema);
  }

  open(element: XmlElement): void {
    this.#scopes.push(element.declared);
    const frame = this.#stack.at(-1)!;
    switch (frame.kind) {
      case 'document':
        this.#stack.push(this.#openTop(element));
        return;
      case 'branch':
        this.#stack.push(this.#openChild(frame.builder, element));
        return;
      case 'any':
        frame.depth++;
        frame.recorder.open(element, frame.depth === 1 ? this.#inScope() : {});
        return;
      case 'skip':
        frame.depth++;
        return;
      case 'value':
        this.#problems.invalid(
          frame,
          `unexpected element '${element.local}' in ${frame.child.kind} '${frame.child.name}'`,
        );
        this.#stack.push({ kind: 'skip', depth: 0 });
    }
  }

  text(text: string): void {
    const frame = this.#stack.at(-1)!;
    if (frame.kind === 'value') frame.text += text;
    else if (frame.kind === 'any') this.#anyText(frame, text);
    else if (frame.kind === 'branch' && /[^ \t\r\n]/u.test(text)) {
      const { builder } = frame;
      const name = 'name' in builder.schema ? builder.schema.name : 'the top';
      this.#problems.invalid({ builder }, `unexpected text in '${name}'`);
    }
  }

  close(): void {
    const frame = this.#stack.at(-1)!;
    if ((frame.kind === 'any' || frame.kind === 'skip') && frame.depth > 0) {
      frame.depth--;
      if (frame.kind === 'any') frame.recorder.close();
    } else {
      this.#stack.pop();
      if (frame.kind === 'value') this.#closeValue(frame);
      else if (frame.kind === 'branch') frame.builder.close();
      else if (frame.kind === 'any') frame.builder.any(frame.child, { format: 'xml', text: frame.recorder.finish() });
    }
    this.#scopes.pop();
  }

  /** After the last element, for callers that let others run in between: true when `finish` has little left to do. */
  settle(isDue: IsDue): boolean {
    return this.#target.builder.settle(isDue);
  }

  /** After the last element: what was read. Throws all faults that were found. */
  finish(): Content {
    return this.#target.finish(this.#problems);
  }

  #openTop(element: XmlElement): Frame {
    const { builder, child } = this.#target;
    if (child !== undefined) {
      if (isElementOf(element, child)) return this.#openKnown(builder, child, element);
      this.#problems.add(
        { builder },
        { tag: 'unknown-element', message: `expected '${child.name}', found '${element.local}'` },
      );
      return { kind: 'skip', depth: 0 };
    }
    const { schema } = builder;
    if (schema.kind !== 'root') {
      // The element has the name of the operation or notification, or (RESTCONF) that of its part.
      const owner = schema.kind === 'notification' ? schema : schema.parent;
      const names = [schema.name, owner !== undefined && 'name' in owner ? owner.name : ''];
      if (element.uri === schema.module.namespace && names.includes(element.local)) return { kind: 'branch', builder };
      this.#problems.add(
        { builder },
        { tag: 'unknown-element', message: `expected '${names[1]!}', found '${element.local}'` },
      );
      return { kind: 'skip', depth: 0 };
    }
    const isWrapper = wrappers.has(`${element.uri} ${element.local}`);
    return isWrapper ? { kind: 'branch', builder } : this.#openChild(builder, element);
  }

  #openChild(builder: BranchBuilder, element: XmlElement): Frame {
    if (this.#problems.isFull) return { kind: 'skip', depth: 0 };
    const child = childOf(builder.schema, element);
    if (child?.kind === 'leaf' && child.isKey && isLate(builder, child)) this.#problems.misplaced(builder, child);
    if (child !== undefined) return this.#openKnown(builder, child, element);
    const module = this.#schema.namespaces.get(element.uri);
    if (module === undefined) {
      const message =
        element.uri === ''
          ? `'${element.local}' has no namespace`
          : `'${element.local}': there is no module with the namespace '${element.uri.slice(0, 256)}'`;
      this.#problems.namespace(builder, element.local, element.uri, message);
    } else {
      const inherits = 'module' in builder.schema && builder.schema.module === module;
      this.#problems.unknown(this.#schema, builder, inherits ? element.local : `${module.name}:${element.local}`);
    }
    return { kind: 'skip', depth: 0 };
  }

  #openKnown(builder: BranchBuilder, child: DataSchema, element: XmlElement): Frame {
    if (this.#options.configOnly === true && !child.config) {
      this.#problems.state(builder, child);
      return { kind: 'skip', depth: 0 };
    }
    switch (child.kind) {
      case 'container':
      case 'list': {
        const inner = child.kind === 'list' ? builder.entry(child) : builder.container(child);
        if (element.attributes.length > 0) this.#attributes(builder, child, element, () => inner.path);
        return { kind: 'branch', builder: inner };
      }
      case 'leaf':
      case 'leaf-list': {
        const frame: ValueFrame = {
          kind: 'value',
          builder,
          child,
          element,
          valueless: false,
          text: '',
          value: undefined,
        };
        if (element.attributes.length === 0) return frame;
        const keys = () => (child.kind === 'leaf' || frame.value === undefined ? undefined : [frame.value]);
        frame.valueless = this.#attributes(builder, child, element, () => builder.path.child(child, keys()));
        return frame;
      }
      default: {
        if (element.attributes.length > 0) this.#attributes(builder, child, element, () => builder.path.child(child));
        return { kind: 'any', builder, child, recorder: new AnyRecorder(), depth: 0 };
      }
    }
  }

  /** anydata holds nodes (RFC 7950 7.10), anyxml anything. */
  #anyText(frame: Frame & { readonly kind: 'any' }, text: string): void {
    const { builder, child, depth, recorder } = frame;
    if (child.kind === 'anydata' && depth === 0 && /[^ \t\r\n]/u.test(text)) {
      this.#problems.invalid({ builder, child }, `unexpected text in anydata '${child.name}'`);
    }
    recorder.text(text);
  }

  #closeValue(frame: ValueFrame): void {
    const { builder, child, element, text } = frame;
    if (frame.valueless && text === '') return;
    this.#context.element = element;
    const value = readLexical(child.type, text, this.#context);
    if (value instanceof Fault) {
      this.#problems.value(frame, value);
      return;
    }
    frame.value = value;
    if (child.kind === 'leaf') builder.leaf(child, value);
    else builder.leafListItem(child, value);
  }

  /** True where a leaf may be without a value. */
  #attributes(builder: BranchBuilder, child: DataSchema, element: XmlElement, path: () => InstanceIdentifier): boolean {
    const verdict = this.#options.attributes?.(element.attributes, child, path);
    const annotations: Annotation[] = [];
    this.#context.element = element;
    for (const attribute of verdict?.unknown ?? element.attributes) {
      const read = annotationOfAttribute(this.#schema, attribute, this.#context);
      if ('value' in read) annotations.push(read);
      else this.#problems.annotation({ builder, child }, read);
    }
    if (annotations.length > 0) this.#options.annotations?.(annotations, child, path);
    return verdict?.valueless === true;
  }

  #inScope(): Record<string, string> {
    return Object.assign({}, ...this.#scopes) as Record<string, string>;
  }
}

/** Prefixes as they are declared at the element whose value is read. */
class ElementContext implements ValueContext {
  readonly schema: Schema;
  readonly form = 'xml';
  element: XmlElement | undefined;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  resolvePrefix(prefix: string): Module | undefined {
    const uri = this.element?.resolve(prefix);
    return uri === undefined ? undefined : this.schema.namespaces.get(uri);
  }
}

function childOf(parent: BranchSchema, element: XmlElement): DataSchema | undefined {
  const named = parent.byName.get(element.local);
  if (named === undefined) return undefined;
  for (const child of named) if (child.module.namespace === element.uri) return child;
  return undefined;
}

/** Keys come in the order of the key statement (RFC 7950 7.8.5); that they come first is not insisted on. */
function isLate(builder: BranchBuilder, key: LeafSchema): boolean {
  const keys = builder.schema.kind === 'list' ? builder.schema.keys : [];
  return keys.slice(keys.indexOf(key) + 1).some((later) => builder.has(later));
}

function isElementOf(element: XmlElement, child: DataSchema): boolean {
  return element.local === child.name && element.uri === child.module.namespace;
}

/** What may stand around the top-level nodes of a document (RFC 6241 7, RFC 8040 3.5). */
const wrappers: ReadonlySet<string> = new Set([
  'urn:ietf:params:xml:ns:netconf:base:1.0 data',
  'urn:ietf:params:xml:ns:netconf:base:1.0 config',
  'urn:ietf:params:xml:ns:yang:ietf-restconf data',
]);
