/** What the compiler takes from the rest of the engine: XPath, patterns and values, with their faults placed in the module. */
import { ConfigError } from '../error.js';
import { StatementError } from './diagnostics.js';
import type { LoadedModule } from './modules.js';
import type { Statement } from './parser.js';
import { compilePattern } from './pattern.js';
import type { Module, RootSchema, Value } from './schema.js';
import type { Located } from './scope.js';
import type { Type } from './types.js';
import { parseValue } from './values.js';
import type { XPathExpression } from './xpath/expression.js';
import { compileXPath } from './xpath/parser.js';

export interface CompileTools {
  /** Compiles the argument of a must, when or path statement; names without a prefix are in the namespace of `owner`. */
  xpath(at: Located, owner: Module): XPathExpression;
  pattern(statement: Statement): { matches(value: string): boolean };
  /** The canonical value of the argument of a default statement; without `root` no instance-identifier can be read. */
  value(type: Type, at: Located, root: RootSchema | undefined): Value;
}

export function makeTools(schemaModule: (module: LoadedModule) => Module): CompileTools {
  const patterns = new Map<string, { matches(value: string): boolean }>();
  const prefixOf = (at: Located, prefix: string): Module | undefined => {
    const module = at.scope.unit.prefixes.get(prefix);
    return module === undefined ? undefined : schemaModule(module);
  };
  return {
    xpath(at, owner) {
      return placed(at.statement, () =>
        compileXPath(at.statement.name, { prefix: (prefix) => prefixOf(at, prefix), unprefixed: owner }),
      );
    },
    pattern(statement) {
      const known = patterns.get(statement.name);
      if (known !== undefined) return known;
      const pattern = placed(statement, () => compilePattern(statement.name));
      patterns.set(statement.name, pattern);
      return pattern;
    },
    value(type, at, root) {
      return placed(at.statement, () =>
        parseValue(type, at.statement.name, {
          schema: root === undefined ? undefined : { root },
          form: 'module',
          resolvePrefix: (prefix) => (prefix === '' ? schemaModule(at.scope.unit.module) : prefixOf(at, prefix)),
        }),
      );
    },
  };
}

/** Runs `work`; the refusals of the engine's parts become faults of the statement. */
function placed<T>(statement: Statement, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof ConfigError || thrown instanceof SyntaxError)) throw thrown;
    throw new StatementError(statement, `'${statement.keyword}': ${thrown.message}`);
  }
}
