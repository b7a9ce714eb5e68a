/** The operations of RFC 6241 7.2 and the places of RFC 7950 7.8.6, as slowly and plainly as they can be said. */

export type NaiveEdit = {
  readonly operation: 'merge' | 'replace' | 'create' | 'delete' | 'remove' | 'none' | 'move';
} & (
  | { readonly kind: 'leaf'; readonly name: string; readonly value: number }
  | { readonly kind: 'word'; readonly value: number; readonly insert: NaivePlace | undefined }
  | {
      readonly kind: 'step';
      readonly value: number;
      readonly text: string | undefined;
      readonly insert: NaivePlace | undefined;
    }
  | { readonly kind: 'item'; readonly value: number; readonly text: string | undefined }
  | { readonly kind: 'pair'; readonly a: string | undefined; readonly b: string | undefined }
);

type NaivePlace =
  | { readonly where: 'first' | 'last' }
  | { readonly where: 'before' | 'after'; readonly anchor: number };

/** Its message is the error-tag. */
export class NaiveRefusal extends Error {}

interface Entry {
  readonly key: number;
  readonly text: string | undefined;
}

class Naive {
  readonly leaves: ReadonlyMap<string, number>;
  readonly words: readonly Entry[];
  readonly steps: readonly Entry[];
  readonly items: readonly Entry[];
  readonly pair: { readonly a: string | undefined; readonly b: string | undefined };

  constructor(from: Partial<Naive>) {
    this.leaves = from.leaves ?? new Map();
    this.words = from.words ?? [];
    this.steps = from.steps ?? [];
    this.items = from.items ?? [];
    this.pair = from.pair ?? { a: undefined, b: undefined };
  }

  apply(edit: NaiveEdit): Naive {
    switch (edit.kind) {
      case 'leaf':
        return this.#leaf(edit.name, edit);
      case 'word':
        return new Naive({ ...this, words: placed(this.words, { key: edit.value, text: undefined }, edit) });
      case 'step':
        return new Naive({ ...this, steps: placed(this.steps, { key: edit.value, text: edit.text }, edit) });
      case 'item': {
        const items = placed(this.items, { key: edit.value, text: edit.text }, { ...edit, insert: undefined });
        return new Naive({ ...this, items: [...items].sort((one, other) => one.key - other.key) });
      }
      case 'pair':
        return this.#pair(edit);
    }
  }

  #leaf(name: string, { operation, value }: NaiveEdit & { readonly kind: 'leaf' }): Naive {
    check(operation, this.leaves.has(name));
    const leaves = new Map(this.leaves);
    if (operation === 'delete' || operation === 'remove') leaves.delete(name);
    else if (operation !== 'none') {
      if (name === 'low-mark') leaves.delete('high-mark');
      if (name === 'high-mark') leaves.delete('low-mark');
      leaves.set(name, value);
    }
    return new Naive({ ...this, leaves });
  }

  #pair({ operation, a, b }: NaiveEdit & { readonly kind: 'pair' }): Naive {
    // Without presence it is what is in it: there for `none` in any case.
    if (operation !== 'none') check(operation, this.pair.a !== undefined || this.pair.b !== undefined);
    switch (operation) {
      case 'delete':
      case 'remove':
        return new Naive({ ...this, pair: { a: undefined, b: undefined } });
      case 'merge':
        return new Naive({ ...this, pair: { a: a ?? this.pair.a, b: b ?? this.pair.b } });
      case 'none':
        return this;
      default:
        return new Naive({ ...this, pair: { a, b } });
    }
  }
}

export function naive(): Naive {
  return new Naive({});
}

export function toJson({ leaves, words, steps, items, pair }: Naive): object {
  const json: Record<string, unknown> = {};
  for (const [name, value] of leaves) json[name] = name === 'title' ? String(value) : value;
  if (words.length > 0) json['word'] = words.map(({ key }) => String(key));
  if (steps.length > 0) json['step'] = steps.map(({ key, text }) => compact({ n: key, text }));
  if (items.length > 0) json['item'] = items.map(({ key, text }) => compact({ name: String(key), hint: text }));
  if (pair.a !== undefined || pair.b !== undefined) json['empty-able'] = compact(pair);
  return json;
}

function placed(
  list: readonly Entry[],
  entry: Entry,
  { operation, insert }: { readonly operation: NaiveEdit['operation']; readonly insert: NaivePlace | undefined },
): readonly Entry[] {
  const { key } = entry;
  if (operation === 'move' && insert === undefined) throw new NaiveRefusal('missing-attribute');
  if (insert !== undefined && (operation === 'delete' || operation === 'remove'))
    throw new NaiveRefusal('bad-attribute');
  const found = list.find((each) => each.key === key);
  check(operation, found !== undefined);
  if (operation === 'none') return list;
  if (operation === 'delete' || operation === 'remove') return list.filter((each) => each !== found);
  const next = operation === 'move' ? found! : operation === 'merge' ? { key, text: entry.text ?? found?.text } : entry;
  if (insert === undefined) {
    return found === undefined ? [...list, next] : list.map((each) => (each === found ? next : each));
  }
  const others = list.filter((each) => each !== found);
  if (!('anchor' in insert)) return insert.where === 'first' ? [next, ...others] : [...others, next];
  if (insert.anchor === key) {
    if (found === undefined) throw new NaiveRefusal('bad-attribute');
    return list.map((each) => (each === found ? next : each));
  }
  const index = others.findIndex((each) => each.key === insert.anchor);
  if (index < 0) throw new NaiveRefusal('bad-attribute');
  const from = insert.where === 'before' ? index : index + 1;
  return [...others.slice(0, from), next, ...others.slice(from)];
}

function check(operation: NaiveEdit['operation'], isThere: boolean): void {
  if (operation === 'create' && isThere) throw new NaiveRefusal('data-exists');
  if (['delete', 'none', 'move'].includes(operation) && !isThere) throw new NaiveRefusal('data-missing');
}

function compact(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
