/** The public face of the YANG engine. */
export type { View } from './accessible.js';
export type { Annotation, AnnotationSink, AnnotationSource } from './annotations.js';
export { longestAscending } from './ascending.js';
export { choicesAround } from './choices.js';
export { type LoadOptions, type LoadResult, loadSchema } from './compile.js';
export type { ModuleError } from './diagnostics.js';
export { diffTrees, diffTreesInSlices, type TreeDifference } from './diff.js';
export { type ApplyOptions, applyEdits, type EditOperation, type TreeEdit } from './edit.js';
export { decodeJson, decodeJsonText, type JsonDecodeOptions } from './json.js';
export { encodeJson, type JsonEncodeOptions, jsonTextChunks } from './json-encode.js';
export { type JsonObject, type JsonValue, parseJsonText } from './json-text.js';
export * from './path.js';
export { parsePath } from './path-parse.js';
export type * from './schema.js';
export { checkShape, decodeContent, decodeContentText, decodeInput } from './shape.js';
export { atOnce, inSlices, nextSlice, type Steps, stepsInSlices } from './slices.js';
export * from './tree.js';
export type * from './types.js';
export { UnwrittenNodes } from './validation/unwritten.js';
export { Validator, type ValidatorOptions } from './validation/validator.js';
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
export { type AttributeVerdict, decodeXml, decodeXmlText, type XmlDecodeOptions, XmlDecoder } from './xml.js';
export { encodeXml, type XmlEncodeOptions, type XmlWrapper, xmlTextChunks } from './xml-encode.js';
export {
  escapeXml,
  escapeXmlAttribute,
  type XmlAttribute,
  type XmlElement,
  type XmlHandler,
  XmlReader,
} from './xml-reader.js';
export type { XPathExpression, XPathNames } from './xpath/expression.js';
export { compileQuery, type QueryOptions, type XPathQuery } from './xpath/query.js';
