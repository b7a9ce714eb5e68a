/** `signet schema` and `signet mib`: what modules say, those on disk without an agent. */
import { ConfigError } from '../../error.js';
import type { LoadResult, Module, ModuleError, Schema } from '../../yang/index.js';
import { moduleJsonSchema, treeDiagram } from '../../yang/tools.js';
import { UnreachableError } from './client.js';
import { agentSchema } from './document.js';
import type { Call, Output } from './index.js';
import { UsageError } from './usage.js';

/** Modules on disk; with `--url` or `--agent`, and where the module is not on disk, those that a running agent serves. */
export async function schema(call: Call): Promise<Output> {
  const { url, agent, module: named, tree, 'json-schema': jsonSchema } = call.arguments;
  if (tree === true && jsonSchema === true) throw new UsageError('--tree and --json-schema exclude each other');
  const name = typeof named === 'string' ? named : undefined;
  const isOnDisk = agent !== true && typeof url !== 'string';
  const loaded = isOnDisk ? loadModules(call) : { schema: await agentSchema(call), status: 0 };
  const found = print(call, loaded.schema, name);
  if (found !== undefined) return { ...found, status: loaded.status };
  const served = isOnDisk ? print(call, await servedSchema(call, loaded.schema), name) : undefined;
  if (served === undefined) throw new ConfigError({ tag: 'data-missing', message: `there is no module ${name!}` });
  return served;
}

/** Undefined where there is no module of that name. */
function print(call: Call, loaded: Schema, name: string | undefined): Output | undefined {
  const { tree, 'json-schema': jsonSchema } = call.arguments;
  const module = name === undefined ? undefined : loaded.modules.get(name);
  if (name !== undefined && module === undefined) {
    const text = submoduleText(loaded, name);
    return text === undefined ? undefined : { value: text, text };
  }
  if (jsonSchema === true) {
    const value = moduleJsonSchema(loaded, module);
    return { value, text: `${JSON.stringify(value, null, 2)}\n` };
  }
  if (module !== undefined) {
    const text = tree === true ? treeDiagram(loaded, module) : module.text;
    return { value: text, text };
  }
  const modules = [...loaded.modules.values()];
  if (tree === true) {
    const text = modules
      .filter(({ implemented }) => implemented)
      .map((each) => treeDiagram(loaded, each))
      .join('\n');
    return { value: text, text };
  }
  const names = modules.map((each) => ({ name: each.name, revision: each.revision }));
  return { value: names, text: names.map((each) => `${each.name}@${each.revision}\n`).join('') };
}

/** What an agent serves beyond the modules on disk; nothing where none answers. */
async function servedSchema(call: Call, onDisk: Schema): Promise<Schema> {
  try {
    return await agentSchema(call);
  } catch (error) {
    if (error instanceof UnreachableError) return onDisk;
    throw error;
  }
}

function submoduleText(loaded: Schema, name: string): string | undefined {
  const all = [...loaded.modules.values()].flatMap((module: Module) => module.submodules);
  return all.find((submodule) => submodule.name === name)?.text;
}

export async function mib(call: Call): Promise<Output> {
  const { schema: loaded, status } = loadModules(call);
  const { map, assign, module: name } = call.arguments;
  const printer = await call.parts.mib();
  const only = typeof name === 'string' ? name : undefined;
  if (assign === true) {
    if (only === undefined) throw new UsageError('--assign needs the name of a module');
    if (!loaded.modules.has(only))
      throw new ConfigError({ tag: 'data-missing', message: `there is no module ${only}` });
    const file = printer.assign(loaded, only);
    return { value: { file }, text: `${file}\n`, status };
  }
  const isKnown = only === undefined ? map === true : loaded.modules.has(only);
  const entries = isKnown ? printer.map(loaded, only) : [];
  if (only !== undefined && !printer.modules(loaded).includes(only)) {
    if (entries.length === 0)
      throw new ConfigError({ tag: 'data-missing', message: `SNMP shows nothing of a module ${only}` });
    const message = `${only} stands for objects of the IETF, whose own MIB modules describe them; --map lists them`;
    if (map !== true) throw new ConfigError({ tag: 'operation-not-supported', message });
  }
  if (map === true) {
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
