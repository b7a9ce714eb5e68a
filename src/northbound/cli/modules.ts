/** `signet schema` and `signet mib`: what modules on disk say, without an agent. */
import { ConfigError } from '../../error.js';
import { type LoadResult, type Module, type ModuleError, type Schema, treeDiagram } from '../../yang/index.js';
import type { Call, Output } from './index.js';

export async function schema(call: Call): Promise<Output> {
  const { schema: loaded, status } = loadModules(call);
  const { tree, module: name } = call.arguments;
  if (typeof name === 'string') return { ...printModule(loaded, name, tree === true), status };
  const modules = [...loaded.modules.values()];
  if (tree === true) {
    const text = modules
      .filter(({ implemented }) => implemented)
      .map((module) => treeDiagram(loaded, module))
      .join('\n');
    return { value: text, text, status };
  }
  const names = modules.map((module) => ({ name: module.name, revision: module.revision }));
  return { value: names, text: names.map((each) => `${each.name}@${each.revision}\n`).join(''), status };
}

function printModule(loaded: Schema, name: string, asTree: boolean): Output {
  const module = loaded.modules.get(name);
  const text = module === undefined ? submoduleText(loaded, name) : asTree ? treeDiagram(loaded, module) : module.text;
  if (text === undefined) throw new ConfigError({ tag: 'data-missing', message: `there is no module ${name}` });
  return { value: text, text };
}

function submoduleText(loaded: Schema, name: string): string | undefined {
  const all = [...loaded.modules.values()].flatMap((module: Module) => module.submodules);
  return all.find((submodule) => submodule.name === name)?.text;
}

export async function mib(call: Call): Promise<Output> {
  const { schema: loaded, status } = loadModules(call);
  const { map, module: name } = call.arguments;
  const printer = await call.parts.mib();
  const only = typeof name === 'string' ? name : undefined;
  if (only !== undefined && !printer.modules(loaded).includes(only)) {
    throw new ConfigError({ tag: 'data-missing', message: `SNMP shows nothing of a module ${only}` });
  }
  if (map === true) {
    const entries = printer.map(loaded, only);
    return { value: entries, text: entries.map((each) => `${JSON.stringify(each)}\n`).join(''), status };
  }
  const text = only === undefined ? undefined : printer.format(loaded, only);
  if (text !== undefined) return { value: text, text, status };
  const names = printer.modules(loaded);
  return { value: names, text: names.map((each) => `${each}\n`).join(''), status };
}

/**
 * The modules of the agent and of the folders of `--schema`. What does not compile is told; the status is then 1, where the
 * command has nothing worse to say.
 */
export function loadModules({ parts, json, arguments: given }: Call): LoadResult & { readonly status: 0 | 1 } {
  const loaded = parts.loadSchema(Array.isArray(given.schema) ? given.schema.map(String) : []);
  const { errors } = loaded;
  if (errors.length === 0) return { ...loaded, status: 0 };
  parts.stderr(json ? `${JSON.stringify({ modules: errors })}\n` : errors.map(formatModuleError).join(''));
  return { ...loaded, status: 1 };
}

/** As compilers do it, so that editors find the place. */
function formatModuleError({ file, line, column, message }: ModuleError): string {
  return `${file}:${String(line)}:${String(column)}: ${message}\n`;
}
