/** Types as a MIB module writes them: textual conventions for the typedefs of its YANG module, and what has to be imported. */
import type { Module, TypedefInfo } from '../../yang/index.js';
import { labels, textClause } from './mib-text.js';
import type { Mib, MibObject } from './model.js';
import { moduleDescriptor, pascal, shortened } from './names.js';
import type { MibType } from './syntax.js';

interface Convention {
  readonly name: string;
  readonly typedef: TypedefInfo;
  readonly type: MibType;
}

export class MibTypes {
  readonly #objects: readonly MibObject[];
  readonly #conventions = new Map<string, Convention>();
  readonly #longText: string;
  readonly #prefix: string;

  constructor(mib: Mib, module: Module | undefined) {
    this.#objects = mib.objects.filter((object) => module === undefined || object.module === module);
    this.#prefix = module === undefined ? '' : pascal(moduleDescriptor(module));
    this.#longText = `${this.#prefix}LongTextTC`;
    if (module !== undefined) this.#collect(module);
  }

  get hasConventions(): boolean {
    return this.#conventions.size > 0 || this.#usesLongText();
  }

  /** SYNTAX of an OBJECT-TYPE; further lines are indented. */
  inline(object: MibObject, indent: number): string {
    const convention = this.#conventionOf(object);
    if (convention !== undefined) return convention.name;
    const { mib } = object.syntax;
    if (mib.labels.length > 0) return `${mib.base} ${labels(mib.labels, indent)}`;
    const name = this.#name(object);
    return mib.restriction === '' ? name : `${name} ${mib.restriction}`;
  }

  /** The type within a SEQUENCE: no restrictions. */
  sequenceType(object: MibObject): string {
    return this.#conventionOf(object)?.name ?? this.#name(object);
  }

  /** Module and name of each type that stands elsewhere. */
  imports(): (readonly [module: string, name: string])[] {
    const found: (readonly [string, string])[] = [];
    for (const object of this.#objects) {
      if (this.#conventionOf(object) !== undefined) {
        const { mib } = object.syntax;
        if (mib.from !== '') found.push([mib.from, mib.base]);
        continue;
      }
      const name = this.#name(object);
      if (name === 'DisplayString') found.push(['SNMPv2-TC', name]);
      else if (name === 'SnmpAdminString') found.push(['SNMP-FRAMEWORK-MIB', name]);
      else if (object.syntax.mib.from !== '') found.push([object.syntax.mib.from, name]);
    }
    return found.sort((a, b) => (`${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1));
  }

  /** The TEXTUAL-CONVENTIONs of the module. */
  conventions(): string[] {
    const lines = [...this.#conventions.values()].flatMap(({ name, typedef, type }) => [
      `${name} ::= TEXTUAL-CONVENTION`,
      ...displayHint(type),
      '    STATUS      current',
      ...textClause('DESCRIPTION', typedef.description || `The YANG type ${typedef.name}.`),
      `    SYNTAX      ${type.labels.length > 0 ? `${type.base} ${labels(type.labels, 16)}` : `${type.base} ${type.restriction}`}`.trimEnd(),
      '',
    ]);
    if (!this.#usesLongText()) return lines;
    return [
      ...lines,
      `${this.#longText} ::= TEXTUAL-CONVENTION`,
      '    DISPLAY-HINT "1020t"',
      '    STATUS      current',
      ...textClause('DESCRIPTION', 'Text in UTF-8 of up to 255 characters, each of which may take up to four octets.'),
      '    SYNTAX      OCTET STRING (SIZE (0..1020))',
      '',
    ];
  }

  /** A typedef of the module's own becomes a convention where all its uses have one and the same restriction. */
  #collect(module: Module): void {
    const differing = new Set<string>();
    for (const object of this.#objects) {
      const typedef = ownTypedef(object, module);
      if (typedef === undefined || object.syntax.mib.from === 'SNMPv2-TC') continue;
      const type = object.syntax.mib;
      const known = this.#conventions.get(typedef.name);
      if (known !== undefined && JSON.stringify(known.type) !== JSON.stringify(type)) differing.add(typedef.name);
      this.#conventions.set(typedef.name, {
        name: shortened(`${this.#prefix}${pascal(typedef.name)}TC`, this.#prefix.length, 64),
        typedef,
        type,
      });
    }
    for (const name of differing) this.#conventions.delete(name);
  }

  #conventionOf(object: MibObject): Convention | undefined {
    if (this.#conventions.size === 0) return undefined;
    const typedef = ownTypedef(object, object.module);
    return typedef === undefined ? undefined : this.#conventions.get(typedef.name);
  }

  #usesLongText(): boolean {
    return this.#objects.some(
      (object) => this.#conventionOf(object) === undefined && this.#name(object) === this.#longText,
    );
  }

  #name(object: MibObject): string {
    const { mib, maxOctets } = object.syntax;
    if (mib.displayHint === '') return mib.base;
    if (mib.displayHint.endsWith('a')) return 'DisplayString';
    return maxOctets > 255 ? this.#longText : 'SnmpAdminString';
  }
}

function ownTypedef(object: MibObject, module: Module): TypedefInfo | undefined {
  const { schema, kind } = object;
  if ((kind !== 'leaf' && kind !== 'value') || !('type' in schema)) return undefined;
  return schema.type.typedefs.find((typedef) => typedef.module === module);
}

/** RFC 2579 section 3.1: whole numbers in decimal. */
function displayHint({ base, displayHint: hint }: MibType): string[] {
  const own = hint === '' && (base === 'Integer32' || base === 'Unsigned32') ? 'd' : hint;
  return own === '' ? [] : [`    DISPLAY-HINT "${own}"`];
}
