/** enum and bit statements (RFC 7950 9.6.4, 9.7.4): given and assigned numbers, and subsets of a typedef's. */
import { StatementError } from './diagnostics.js';
import type { Features } from './features.js';
import type { Statement } from './parser.js';
import type { Status } from './schema.js';
import type { Scope } from './scope.js';
import type { BitsType, EnumValue } from './types.js';

type Bit = BitsType['bits'][number];

/** The enums of a type statement; with `base`, a subset of those. Enums whose if-feature fails are left out. */
export function compileEnumeration(
  statement: Statement,
  scope: Scope,
  features: Features,
  base: readonly EnumValue[] | undefined,
): readonly EnumValue[] {
  const statements = statement.all('enum');
  if (statements.length === 0) throw new StatementError(statement, "type 'enumeration' lacks 'enum'");
  for (const item of statements) {
    if (item.name === '' || item.name !== item.name.trim()) {
      throw new StatementError(item, 'the name of an enum is not empty and has no space at its ends');
    }
  }
  const numbers = assign(
    statements,
    enumRules,
    base === undefined ? undefined : new Map(base.map((e) => [e.name, e.value])),
  );
  return statements
    .filter((item) => features.hold(item, scope))
    .map((item) => ({
      name: item.name,
      value: numbers.get(item.name)!,
      description: item.text('description') ?? '',
      status: (item.text('status') ?? 'current') as Status,
    }));
}

/** The bits of a type statement in position order; with `base`, a subset of those. */
export function compileBits(
  statement: Statement,
  scope: Scope,
  features: Features,
  base: readonly Bit[] | undefined,
): readonly Bit[] {
  const statements = statement.all('bit');
  if (statements.length === 0) throw new StatementError(statement, "type 'bits' lacks 'bit'");
  const numbers = assign(
    statements,
    bitRules,
    base === undefined ? undefined : new Map(base.map((b) => [b.name, b.position])),
  );
  return statements
    .filter((item) => features.hold(item, scope))
    .map((item) => ({
      name: item.name,
      position: numbers.get(item.name)!,
      description: item.text('description') ?? '',
    }))
    .toSorted((a, b) => a.position - b.position);
}

interface NumberRules {
  readonly keyword: 'value' | 'position';
  readonly min: number;
  readonly max: number;
}

const enumRules: NumberRules = { keyword: 'value', min: -2147483648, max: 2147483647 };
const bitRules: NumberRules = { keyword: 'position', min: 0, max: 4294967295 };

function assign(
  statements: readonly Statement[],
  rules: NumberRules,
  base: ReadonlyMap<string, number> | undefined,
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const owners = new Map<number, string>();
  let highest: number | undefined;
  for (const item of statements) {
    if (numbers.has(item.name)) throw new StatementError(item, `second ${item.keyword} '${item.name}'`);
    const given = item.text(rules.keyword);
    const inherited = base?.get(item.name);
    if (base !== undefined && inherited === undefined) {
      throw new StatementError(item, `${item.keyword} '${item.name}' is not one of the type that this narrows`);
    }
    const number = given === undefined ? (inherited ?? (highest === undefined ? 0 : highest + 1)) : Number(given);
    if (number < rules.min || number > rules.max) {
      throw new StatementError(
        item,
        `the ${rules.keyword} of ${item.keyword} '${item.name}' is not in ${String(rules.min)}..${String(rules.max)}`,
      );
    }
    if (inherited !== undefined && number !== inherited) {
      throw new StatementError(
        item,
        `${item.keyword} '${item.name}' has the ${rules.keyword} ${String(inherited)} in the type that this narrows`,
      );
    }
    const owner = owners.get(number);
    if (owner !== undefined) {
      throw new StatementError(
        item,
        `${item.keyword} '${item.name}' has the ${rules.keyword} ${String(number)} of '${owner}'`,
      );
    }
    numbers.set(item.name, number);
    owners.set(number, item.name);
    highest = highest === undefined ? number : Math.max(highest, number);
  }
  return numbers;
}
