/** Which statement may stand where, how often, and what its argument looks like (RFC 7950 sections 7 and 14). */

/** The shape of an argument; the checks are in grammar-arguments.ts. */
export type ArgumentKind =
  | 'none'
  | 'text'
  | 'identifier'
  | 'reference'
  | 'uri'
  | 'date'
  | 'boolean'
  | 'version'
  | 'status'
  | 'integer'
  | 'unsigned'
  | 'fraction-digits'
  | 'max-elements'
  | 'ordered-by'
  | 'deviate'
  | 'modifier'
  | 'key'
  | 'absolute-path'
  | 'descendant-path'
  | 'schema-path'
  | 'unique';

const text4 = 'error-message? error-app-tag? description? reference?';
const meta = 'status? description? reference?';
const data = 'container* leaf* leaf-list* list* choice* anydata*@ anyxml* uses*';
const types = 'typedef* grouping*';
const inside = 'action*@ notification*@';
const node = `when? if-feature* ${meta}`;
const head = 'import* include* organization? contact? description? reference? revision*';
const body = `extension* feature* identity* ${types} ${data} augment* rpc* notification* deviation*`;

/**
 * Substatements: `?` at most one, `!` exactly one, `*` any number, `+` one or more; `@` after that: only in YANG 1.1.
 * `%` for any number in YANG 1.1 and at most one in YANG 1.
 */
export const grammarTable: Readonly<Record<string, readonly [ArgumentKind, string]>> = {
  module: ['identifier', `yang-version? namespace! prefix! ${head} ${body}`],
  submodule: ['identifier', `yang-version? belongs-to! ${head} ${body}`],
  'yang-version': ['version', ''],
  namespace: ['uri', ''],
  prefix: ['identifier', ''],
  import: ['identifier', 'prefix! revision-date? description?@ reference?@'],
  include: ['identifier', 'revision-date? description?@ reference?@'],
  'revision-date': ['date', ''],
  'belongs-to': ['identifier', 'prefix!'],
  organization: ['text', ''],
  contact: ['text', ''],
  description: ['text', ''],
  reference: ['text', ''],
  revision: ['date', 'description? reference?'],
  extension: ['identifier', `argument? ${meta}`],
  argument: ['identifier', 'yin-element?'],
  'yin-element': ['boolean', ''],
  feature: ['identifier', `if-feature* ${meta}`],
  'if-feature': ['text', ''],
  identity: ['identifier', `if-feature*@ base% ${meta}`],
  base: ['reference', ''],
  typedef: ['identifier', `type! units? default? ${meta}`],
  units: ['text', ''],
  default: ['text', ''],
  type: ['reference', 'fraction-digits? range? length? pattern* path? require-instance? enum* bit* base% type*'],
  range: ['text', text4],
  length: ['text', text4],
  pattern: ['text', `modifier?@ ${text4}`],
  modifier: ['modifier', ''],
  'fraction-digits': ['fraction-digits', ''],
  path: ['text', ''],
  'require-instance': ['boolean', ''],
  enum: ['text', `if-feature*@ value? ${meta}`],
  value: ['integer', ''],
  bit: ['identifier', `if-feature*@ position? ${meta}`],
  position: ['unsigned', ''],
  status: ['status', ''],
  config: ['boolean', ''],
  mandatory: ['boolean', ''],
  presence: ['text', ''],
  'ordered-by': ['ordered-by', ''],
  must: ['text', text4],
  'error-message': ['text', ''],
  'error-app-tag': ['text', ''],
  'min-elements': ['unsigned', ''],
  'max-elements': ['max-elements', ''],
  when: ['text', 'description? reference?'],
  grouping: ['identifier', `${meta} ${types} ${data} ${inside}`],
  container: ['identifier', `${node} must* presence? config? ${types} ${data} ${inside}`],
  leaf: ['identifier', `${node} type! units? must* default? config? mandatory?`],
  'leaf-list': ['identifier', `${node} type! units? must* default*@ config? min-elements? max-elements? ordered-by?`],
  list: [
    'identifier',
    `${node} must* key? unique* config? min-elements? max-elements? ordered-by? ${types} ${data} ${inside}`,
  ],
  key: ['key', ''],
  unique: ['unique', ''],
  choice: [
    'identifier',
    `${node} default? config? mandatory? choice*@ container* leaf* leaf-list* list* anydata*@ anyxml* case*`,
  ],
  case: ['identifier', `${node} ${data}`],
  anydata: ['identifier', `${node} must* config? mandatory?`],
  anyxml: ['identifier', `${node} must* config? mandatory?`],
  uses: ['reference', `${node} refine* augment*`],
  refine: [
    'descendant-path',
    'if-feature*@ must* presence? default% config? mandatory? min-elements? max-elements? description? reference?',
  ],
  augment: ['schema-path', `${node} ${data} case* ${inside}`],
  rpc: ['identifier', `if-feature* ${meta} ${types} input? output?`],
  action: ['identifier', `if-feature* ${meta} ${types} input? output?`],
  input: ['none', `must*@ ${types} ${data}`],
  output: ['none', `must*@ ${types} ${data}`],
  notification: ['identifier', `if-feature* must*@ ${meta} ${types} ${data}`],
  deviation: ['absolute-path', 'description? reference? deviate+'],
  deviate: ['deviate', 'type? units? must* unique* default% config? mandatory? min-elements? max-elements?'],
};

/** Extensions that hold statements as if they were part of the language: RFC 8791, RFC 8040 and RFC 7952. */
export const extensionTable: Readonly<Record<string, string>> = {
  structure: `must* ${meta} ${types} ${data}`,
  'augment-structure': `${meta} ${data} case*`,
  'yang-data': `${types} container* leaf* leaf-list* list* choice* anydata* anyxml* uses*`,
  annotation: `if-feature* type! units? ${meta}`,
};

/** Sections of a module in their order (RFC 7950 7.1.1 and the ABNF); what is not named here belongs to the body. */
export const moduleSections: Readonly<Record<string, number>> = {
  'yang-version': 0,
  namespace: 0,
  prefix: 0,
  'belongs-to': 0,
  import: 1,
  include: 1,
  organization: 2,
  contact: 2,
  description: 2,
  reference: 2,
  revision: 3,
};

/** What each kind of deviate may hold (RFC 7950 7.20.3.2). */
export const deviateTable: Readonly<Record<string, readonly string[]>> = {
  'not-supported': [],
  add: ['units', 'must', 'unique', 'default', 'config', 'mandatory', 'min-elements', 'max-elements'],
  replace: ['type', 'units', 'default', 'config', 'mandatory', 'min-elements', 'max-elements'],
  delete: ['units', 'must', 'unique', 'default'],
};
