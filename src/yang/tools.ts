/** The second door of the YANG engine: forms of a module that the command line prints. An agent never loads it. */
export { moduleJsonSchema, nodeJsonSchema } from './json-schema.js';
export { treeDiagram } from './tree-diagram.js';
