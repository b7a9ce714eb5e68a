/** The public face of the YANG engine. */

export { type LoadOptions, type LoadResult, loadSchema } from './compile.js';
export type { ModuleError } from './diagnostics.js';
export type { JsonObject, JsonValue } from './json-text.js';
export * from './path.js';
export type * from './schema.js';
export * from './tree.js';
export type * from './types.js';
export {
  compareValues,
  formatValue,
  jsonContext,
  parseValue,
  type ValueContext,
  valueFromJson,
  valueToJson,
  valueToXml,
  type XmlNames,
} from './values.js';
