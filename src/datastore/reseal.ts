/** Sealed values of journal records and key files from one master key to another. */
import { ConfigError } from '../error.js';
import {
  Branch,
  type Content,
  type DataSchema,
  InstanceIdentifier,
  type JsonValue,
  ListData,
  parsePath,
  type Schema,
} from '../yang/index.js';
import { contentFromJson, contentToJson } from './content.js';
import { isSealed, type MasterKey, masterKeyFact, sealedPrefix } from './master-key.js';
import { decodeHead, encodeHead } from './record.js';

export class Resealer {
  readonly #schema: Schema;
  readonly #from: MasterKey;
  readonly #to: MasterKey;
  /** Of the key that the last run of the agent knew; undefined where none is remembered. */
  #isKnown: boolean | undefined;
  #isFallbackOpen = false;
  secrets = 0;
  lostSecrets = 0;
  lostKeys = 0;

  constructor(schema: Schema, from: MasterKey, to: MasterKey) {
    this.#schema = schema;
    this.#from = from;
    this.#to = to;
  }

  /** The lines of a record, in their order. ConfigError where the schema does not have what a line names. */
  record([first = '', ...lines]: readonly string[]): readonly string[] {
    const head = decodeHead(first);
    if (head.record === 'meta') {
      // Where a fact held a secret in another way nobody knew its place.
      if (first.includes(sealedPrefix)) throw new RangeError(`the fact ${head.name} holds a sealed value`);
      return [this.#fact(head.name, head.value) ?? first, ...lines];
    }
    if (head.record === 'confirm' || (head.record === 'commit' && head.closes === true)) this.#isFallbackOpen = false;
    if (head.record === 'commit' && head.fallback !== undefined) this.#isFallbackOpen = true;
    return [first, ...lines.map((line) => (line.includes(sealedPrefix) ? this.#line(line) : line))];
  }

  /** After the last record. ConfigError where the key is the wrong one, `in-use` while a confirmed commit is open. */
  finish(): void {
    if (this.#isFallbackOpen) {
      const message = 'a confirmed commit is open; start the agent, which goes back from it, and stop it again';
      throw new ConfigError({ tag: 'in-use', message });
    }
    if (this.#isKnown === true || (this.#isKnown === undefined && this.lostSecrets === 0)) return;
    const message = 'the master key is not the one that secrets were sealed under; put that one back, or set them anew';
    throw new ConfigError({ tag: 'operation-failed', message });
  }

  /** Undefined where it does not open. */
  keyFile(sealed: Buffer, place: string): Buffer | undefined {
    const anew = this.#octets(sealed, place);
    if (anew === undefined) this.lostKeys += 1;
    return anew;
  }

  /** A fact that is sealed is so under its own name. */
  #fact(name: string, value: JsonValue): string | undefined {
    const anew = typeof value === 'string' ? this.#octets(Buffer.from(value, 'base64'), name) : undefined;
    if (name === masterKeyFact) this.#isKnown = anew !== undefined;
    return anew === undefined ? undefined : encodeHead({ record: 'meta', name, value: anew.toString('base64') });
  }

  #line(line: string): string {
    const [tree, text, json, ...rest] = JSON.parse(line) as readonly [string, string, JsonValue, ...JsonValue[]];
    const path = parsePath(this.#schema, text);
    const schema = path.last?.schema as DataSchema;
    const anew = (each: JsonValue) => {
      const content = contentFromJson(schema, each, 'journal');
      const isEntry = schema.kind === 'list' && content instanceof Branch;
      const at = isEntry ? (path.parent ?? InstanceIdentifier.root).child(schema, content.keys()) : path;
      return contentToJson(schema, this.#content(at, content), 'journal');
    };
    // Entry by entry: their order in the line is part of what it says.
    const isList = schema.kind === 'list' && Array.isArray(json);
    const content = isList ? (json as readonly JsonValue[]).map(anew) : anew(json);
    return JSON.stringify([tree, text, content, ...rest]);
  }

  #content(path: InstanceIdentifier, content: Content): Content {
    if (isSealed(content)) return this.#text(content, path.toString());
    if (content instanceof ListData) {
      const parent = path.parent ?? InstanceIdentifier.root;
      const entries = Array.from(content, (entry) => this.#branch(parent.child(content.schema, entry.keys()), entry));
      return ListData.of(content.schema, entries);
    }
    return content instanceof Branch ? this.#branch(path, content) : content;
  }

  #branch(path: InstanceIdentifier, branch: Branch): Branch {
    const slots = branch.slots.slice();
    for (const [child, content] of branch.present()) slots[child.slot] = this.#content(path.child(child), content);
    return new Branch(branch.schema, slots);
  }

  #text(sealed: string, place: string): string {
    const anew = this.#octets(Buffer.from(sealed.slice(sealedPrefix.length), 'base64'), place);
    if (anew === undefined) {
      this.lostSecrets += 1;
      return sealed;
    }
    this.secrets += 1;
    return sealedPrefix + anew.toString('base64');
  }

  #octets(sealed: Buffer, place: string): Buffer | undefined {
    let plain: Buffer;
    try {
      plain = this.#from.open(sealed, place);
    } catch {
      return undefined;
    }
    return this.#to.seal(plain, place);
  }
}
