/** Modules that RFC 7950 refuses, each with the error that is expected. Shared with the test that asks yanglint. */

export interface RefusedModule {
  readonly name: string;
  /** What follows the header, from line 2 on. */
  readonly body: string;
  /** `line:column message`. */
  readonly error: string;
  readonly version?: '1' | '1.1';
  /** Why yanglint 2.1 takes it all the same, where it does. */
  readonly yanglintAccepts?: string;
}

export function wrapModule(body: string, version: '1' | '1.1' = '1.1', name = 'm'): string {
  return `module ${name} { yang-version ${version}; namespace "urn:${name}"; prefix ${name};\n${body}\n}\n`;
}

export const refusedModules: readonly RefusedModule[] = [
  // Statements (RFC 7950 section 7, 14)
  { name: 'unknown statement', body: 'leef x;', error: "2:1 unknown statement 'leef'" },
  { name: 'statement in the wrong place', body: 'key x;', error: "2:1 'key' is not allowed in 'module'" },
  { name: 'missing substatement', body: 'leaf x;', error: "2:1 'leaf x' lacks 'type'" },
  {
    name: 'second of a single substatement',
    body: 'leaf x {\n  type string;\n  type int8;\n}',
    error: "4:3 second 'type' in 'leaf x'",
  },
  { name: 'missing argument', body: 'container;', error: "2:1 'container' lacks its argument" },
  { name: 'argument too many', body: 'rpc r {\n  input x;\n}', error: "3:3 'input' takes no argument" },
  { name: 'bad identifier', body: 'container 1x;', error: "2:1 'container': expected an identifier, found '1x'" },
  {
    name: 'bad boolean',
    body: 'container x {\n  config yes;\n}',
    error: "3:3 'config': expected 'true' or 'false', found 'yes'",
  },
  {
    name: 'bad status',
    body: 'container x { status old; }',
    error: "2:15 'status': expected 'current' or 'deprecated' or 'obsolete', found 'old'",
  },
  {
    name: 'bad revision date',
    body: 'revision 2020-13-01;',
    error: "2:1 'revision': expected a date YYYY-MM-DD, found '2020-13-01'",
  },
  {
    name: 'sections out of order',
    body: 'container x;\nrevision 2020-01-01;',
    error: "3:1 'revision' must stand before 'container'",
  },
  {
    name: 'max-elements zero',
    body: 'leaf-list x { type string; max-elements 0; }',
    error: "2:28 'max-elements': expected 'unbounded' or an integer above zero, found '0'",
  },
  {
    name: 'list without data nodes',
    body: 'list x { config false; }',
    error: "2:1 'list x' has no data node",
    yanglintAccepts: 'it does not ask for the 1*data-def-stmt of section 14',
  },
  {
    name: 'action in a YANG 1 module',
    version: '1',
    body: 'container x {\n  action a;\n}',
    error: "3:3 'action' in 'container x' needs yang-version 1.1",
  },
  {
    name: 'an identity with two bases in YANG 1',
    version: '1',
    body: 'identity a; identity b; identity c {\n  base a;\n  base b; }',
    error: "4:3 second 'base' in 'identity c'",
  },
  // Names and scopes (5.5, 6.2.1)
  { name: 'unknown typedef', body: 'leaf x { type foo; }', error: "2:10 typedef 'foo' is not defined" },
  { name: 'unknown prefix', body: 'leaf x { type foo:bar; }', error: "2:10 prefix 'foo' is not declared by an import" },
  { name: 'unknown grouping', body: 'uses foo;', error: "2:1 grouping 'foo' is not defined" },
  {
    name: 'unknown extension prefix',
    body: 'foo:bar "x";',
    error: "2:1 prefix 'foo' is not declared by an import",
  },
  {
    name: 'unknown extension',
    body: 'm:bar "x";',
    error: "2:1 extension 'bar' is not defined",
  },
  {
    name: 'extension without its argument',
    body: 'extension e { argument a; }\nm:e;',
    error: "3:1 extension 'm:e' lacks its argument",
  },
  {
    name: 'two typedefs of one name',
    body: 'typedef t { type string; }\ntypedef t { type int8; }',
    error: '3:1 second typedef t; the first is at m.yang:2',
  },
  {
    name: 'typedef that hides an outer one',
    body: 'typedef t { type string; }\ncontainer c {\n  typedef t { type int8; }\n}',
    error: "4:3 typedef 't' hides the one at m.yang:2; names in nested scopes must differ",
  },
  {
    name: 'typedef with the name of a built-in type',
    body: 'typedef string { type int8; }',
    error: "2:1 typedef 'string' has the name of a built-in type",
  },
  {
    name: 'circular typedef',
    body: 'typedef a { type b; }\ntypedef b { type a; }',
    error: "2:1 typedef 'a' is defined by itself",
    yanglintAccepts: 'it compiles a typedef only where it is used',
  },
  {
    name: 'circular grouping',
    body: 'grouping a { uses b; }\ngrouping b {\n  uses a;\n}\nuses a;',
    error: '4:3 circular grouping: a -> b -> a',
  },
  {
    name: 'circular identity',
    body: 'identity a { base b; }\nidentity b { base a; }',
    error: "3:14 identity 'b' is derived from itself",
  },
  {
    name: 'circular feature',
    body: 'feature a { if-feature b; }\nfeature b { if-feature a; }',
    error: "2:1 feature 'a' depends on itself",
  },
  {
    name: 'two nodes of one name',
    body: 'container c {\n  leaf x { type string; }\n  leaf x { type string; }\n}',
    error: "4:3 second node 'x' in the same place",
  },
  {
    name: 'two nodes of one name in different cases',
    body: 'choice c {\n  container x;\n  case d { leaf x { type string; } }\n}',
    error: "4:12 second node 'x' in the same place, in another case",
  },
  {
    name: 'a node that a uses brings a second time',
    body: 'grouping g { leaf x { type string; } }\ncontainer c {\n  leaf x { type string; }\n  uses g;\n}',
    error: "2:14 second node 'x' in the same place",
  },
  // Types (section 9)
  {
    name: 'range on a string',
    body: 'leaf x { type string { range 1..2; } }',
    error: "2:24 'range' does not apply to type 'string'",
  },
  {
    name: 'range with the bounds in the wrong order',
    body: 'leaf x { type int8 { range 5..2; } }',
    error: "2:22 'range 5..2': the bounds of '5..2' are in the wrong order",
  },
  {
    name: 'range parts that overlap',
    body: 'leaf x { type int8 { range "1..5 | 5..7"; } }',
    error: "2:22 'range 1..5 | 5..7': '5..7' is not above the part before it",
  },
  {
    name: 'range outside the built-in type',
    body: 'leaf x { type uint8 { range 1..256; } }',
    error: "2:23 'range 1..256' is not within '0..255'",
  },
  {
    name: 'range that widens a typedef',
    body: 'typedef t { type int32 { range "1..10 | 20..30"; } }\nleaf x { type t { range "5..25"; } }',
    error: "3:19 'range 5..25' is not within '1..10 | 20..30'",
  },
  {
    name: 'range that is none',
    body: 'leaf x { type int32 { range "1.."; } }',
    error: "2:23 'range 1..': expected a value or MIN..MAX, found '1..'",
  },
  {
    name: 'range with a fraction for an integer',
    body: 'leaf x { type int32 { range "1.5..2"; } }',
    error: "2:23 'range 1.5..2': expected a value or MIN..MAX, found '1.5'",
  },
  {
    name: 'negative length',
    body: 'leaf x { type string { length "-1..2"; } }',
    error: "2:24 'length -1..2': expected a value or MIN..MAX, found '-1'",
  },
  {
    name: 'length that widens a typedef',
    body: 'typedef t { type string { length 2..4; } }\nleaf x { type t { length 1..3; } }',
    error: "3:19 'length 1..3' is not within '2..4'",
  },
  {
    name: 'decimal64 without fraction-digits',
    body: 'leaf x { type decimal64; }',
    error: "2:10 type 'decimal64' lacks 'fraction-digits'",
  },
  {
    name: 'fraction-digits on a derived type',
    body: 'typedef t { type decimal64 { fraction-digits 2; } }\nleaf x { type t { fraction-digits 1; } }',
    error: "3:19 'fraction-digits' stands only where 'decimal64' itself is used, not a type derived from it",
  },
  {
    name: 'decimal64 range with too many digits',
    body: 'leaf x { type decimal64 { fraction-digits 1; range 0.25..1; } }',
    error: "2:46 'range 0.25..1': expected a value or MIN..MAX, found '0.25'",
  },
  {
    name: 'fraction-digits 19',
    body: 'leaf x { type decimal64 { fraction-digits 19; } }',
    error: "2:27 'fraction-digits': expected an integer from 1 to 18, found '19'",
  },
  {
    name: 'enumeration without enums',
    body: 'leaf x { type enumeration; }',
    error: "2:10 type 'enumeration' lacks 'enum'",
  },
  {
    name: 'two enums of one name',
    body: 'leaf x { type enumeration { enum a; enum a; } }',
    error: "2:37 second enum 'a'",
  },
  {
    name: 'two enums of one value',
    body: 'leaf x { type enumeration { enum a { value 1; } enum b { value 1; } } }',
    error: "2:49 enum 'b' has the value 1 of 'a'",
  },
  {
    name: 'an enum that is assigned too great a value',
    body: 'leaf x { type enumeration { enum a { value 2147483647; } enum b; } }',
    error: "2:58 the value of enum 'b' is not in -2147483648..2147483647",
  },
  {
    name: 'an enum name with a space at its end',
    body: 'leaf x { type enumeration { enum "a "; } }',
    error: '2:29 the name of an enum is not empty and has no space at its ends',
  },
  {
    name: 'an enum that the narrowed type does not have',
    body: 'typedef t { type enumeration { enum a; } }\nleaf x { type t { enum b; } }',
    error: "3:19 enum 'b' is not one of the type that this narrows",
  },
  {
    name: 'an enum narrowed with another value',
    body: 'typedef t { type enumeration { enum a; enum b; } }\nleaf x { type t { enum b { value 5; } } }',
    error: "3:19 enum 'b' has the value 1 in the type that this narrows",
  },
  {
    name: 'two bits of one position',
    body: 'leaf x { type bits { bit a { position 1; } bit b { position 1; } } }',
    error: "2:44 bit 'b' has the position 1 of 'a'",
  },
  {
    name: 'identityref without base',
    body: 'leaf x { type identityref; }',
    error: "2:10 type 'identityref' lacks 'base'",
  },
  {
    name: 'identityref with an unknown base',
    body: 'leaf x { type identityref { base b; } }',
    error: "2:29 identity 'b' is not defined",
  },
  { name: 'union without members', body: 'leaf x { type union; }', error: "2:10 type 'union' has no member type" },
  { name: 'leafref without path', body: 'leaf x { type leafref; }', error: "2:10 type 'leafref' lacks 'path'" },
  {
    name: 'a pattern that is no regular expression',
    body: "leaf x { type string { pattern '[a'; } }",
    error: '2:24 *',
  },
  {
    name: 'a default that the type does not allow',
    body: 'leaf x { type uint8; default 300; }',
    error: '2:22 *',
  },
  {
    name: 'a typedef default that its type does not allow',
    body: 'typedef t { type uint8; default 300; }',
    error: '2:25 *',
    yanglintAccepts: 'it compiles a typedef only where it is used',
  },
  {
    name: 'a default that a derived type no longer allows',
    body: 'typedef t { type uint8; default 30; }\nleaf x { type t { range 1..10; } }',
    error: '2:25 *',
  },
  // leafref (9.9)
  {
    name: 'leafref to nothing',
    body: 'leaf x { type leafref { path "/m:y"; } }',
    error: "2:25 leafref path '/m:y': no node 'm:y' in the root",
  },
  {
    name: 'leafref to a container',
    body: 'container c;\nleaf x { type leafref { path "/m:c"; } }',
    error: "3:25 leafref path '/m:c' leads to container 'c', which is not a leaf or leaf-list",
  },
  {
    name: 'leafref above the root',
    body: 'leaf x { type leafref { path "../../y"; } }\nleaf y { type string; }',
    error: "2:25 leafref path '../../y' leads above the root",
  },
  {
    name: 'leafref in a circle',
    body: 'leaf x { type leafref { path "../y"; } }\nleaf y { type leafref { path "../x"; } }',
    error: "2:25 leafref path '../y' leads in a circle",
  },
  {
    name: 'leafref whose path is no path',
    body: 'leaf x { type leafref { path "y + 1"; } }',
    error: "2:25 leafref path 'y + 1': expected '/' or '../', found 'y + 1'",
  },
  {
    name: 'leafref with a predicate on what is no key',
    body:
      'list l { key k; leaf k { type string; } leaf v { type string; } }\n' +
      'leaf a { type string; }\nleaf x { type leafref { path "/m:l[m:v=current()/../a]/m:k"; } }',
    error: "4:25 leafref path '/m:l[m:v=current()/../a]/m:k': 'm:v' is not a key of a list",
  },
  {
    name: 'configuration that requires state',
    body: 'leaf y { type string; config false; }\nleaf x { type leafref { path "../y"; } }',
    error: "3:25 leafref path '../y': configuration cannot require the state 'y'",
  },
  // Nodes (section 7)
  {
    name: 'mandatory with a default',
    body: 'leaf x { type string; mandatory true; default a; }',
    error: "2:39 leaf 'x' is mandatory and so has no default",
  },
  {
    name: 'min-elements above max-elements',
    body: 'leaf-list x { type string; min-elements 3; max-elements 2; }',
    error: "2:1 leaf-list 'x' has min-elements 3 above max-elements 2",
  },
  {
    name: 'leaf-list with min-elements and a default',
    body: 'leaf-list x { type string; min-elements 1; default a; }',
    error: "2:44 leaf-list 'x' has min-elements and so has no default",
  },
  {
    name: 'configuration list without key',
    body: 'list x { leaf a { type string; } }',
    error: "2:1 list 'x' is config true and lacks 'key'",
  },
  {
    name: 'key that is not a leaf of the list',
    body: 'list x { key b; leaf a { type string; } }',
    error: "2:10 key 'b' of list 'x' is not a leaf of the list",
  },
  {
    name: 'key named twice',
    body: 'list x { key "a a"; leaf a { type string; } }',
    error: "2:10 'key': expected each name once, found 'a a'",
  },
  {
    name: 'key with a when',
    body: 'list x { key a; leaf a { when "true()"; type string; } }',
    error: "2:10 key 'a' of list 'x' has a 'when'",
  },
  {
    name: 'unique that names no leaf',
    body: 'list x { key a; unique c; leaf a { type string; } container c; }',
    error: "2:17 'unique c' does not name a leaf",
  },
  {
    name: 'unique that names nothing',
    body: 'list x { key a; unique b/c; leaf a { type string; } }',
    error: "2:17 'unique b/c': no node 'b' in the list",
  },
  {
    name: 'config true below config false',
    body: 'container c { config false;\n  leaf x { type string; config true; }\n}',
    error: "3:25 leaf 'x' is config true inside a node that is config false",
  },
  {
    name: 'current node in an obsolete one',
    body: 'container c { status obsolete;\n  leaf x { type string; status current; }\n}',
    error: "3:3 leaf 'x' is current, the node that it is in obsolete",
  },
  {
    name: 'choice with an unknown default',
    body: 'choice c { default b; case a; }',
    error: "2:12 choice 'c' has no case 'b' to be its default",
  },
  {
    name: 'mandatory choice with a default',
    body: 'choice c { default a; mandatory true; case a; }',
    error: "2:12 choice 'c' is mandatory and so has no default",
  },
  {
    name: 'default case with a mandatory node',
    body: 'choice c { default a; case a { leaf x { type string; mandatory true; } } }',
    error: "2:12 the default case 'a' holds the mandatory node 'x'",
  },
  // uses, refine, augment (7.13, 7.17)
  {
    name: 'refine of nothing',
    body: 'grouping g { leaf x { type string; } }\nuses g {\n  refine y;\n}',
    error: "4:3 'refine y': no node 'y' in the grouping",
  },
  {
    name: 'refine with what does not apply',
    body: 'grouping g { leaf x { type string; } }\nuses g { refine x {\n  presence a;\n} }',
    error: "4:3 'presence' cannot refine leaf 'x'",
  },
  {
    name: 'augment of nothing',
    body: 'augment /m:x { leaf a { type string; } }',
    error: "2:1 'augment /m:x': no node 'm:x'",
  },
  {
    name: 'augment of a leaf',
    body: 'leaf x { type string; }\naugment /m:x { leaf a { type string; } }',
    error: "3:1 leaf 'x' cannot be augmented",
  },
  {
    name: 'augment with a case outside a choice',
    body: 'container x;\naugment /m:x { case a { leaf b { type string; } } }',
    error: "3:16 case 'a' cannot be added to container 'x'",
  },
  // Actions and status
  {
    name: 'an input without data nodes',
    body: 'rpc r { input { typedef t { type string; } } }',
    error: "2:9 'input' has no data node",
  },
  {
    name: 'two defaults of one value in a configuration leaf-list',
    body: 'leaf-list x { type string; default a;\n  default a; }',
    error: "3:3 second default 'a'",
  },
  {
    name: 'an action in an rpc',
    body: 'rpc r { input { container c {\n  action a;\n} } }',
    error: "3:3 action 'a' cannot stand in input 'input'",
  },
  {
    name: 'an action that uses brings to the top level',
    body: 'grouping g {\n  action a;\n}\nuses g;',
    error: "3:3 action 'a' cannot stand at the top level",
    yanglintAccepts: 'it looks for this where the action is declared only',
  },
  {
    name: 'an action in a list without keys',
    body: 'list l { config false; leaf x { type string; }\n  action a;\n}',
    error: "3:3 action 'a' cannot stand in list 'l', which has no key",
    yanglintAccepts: 'it does not look for the lists above an action (RFC 7950 7.15)',
  },
  {
    name: 'a current leaf of an obsolete typedef',
    body: 'typedef t { type string; status obsolete; }\nleaf x { type t; }',
    error: "3:10 a current definition refers to the obsolete typedef 't'",
  },
  {
    name: 'a current uses of a deprecated grouping',
    body: 'grouping g { status deprecated; leaf x { type string; } }\nuses g;',
    error: "3:1 a current definition refers to the deprecated grouping 'g'",
  },
  {
    name: 'an identity with an obsolete base',
    body: 'identity a { status obsolete; }\nidentity b { base a; }',
    error: "3:14 a current definition refers to the obsolete identity 'a'",
    yanglintAccepts: 'it does not compare the status of identities (RFC 7950 7.21.2)',
  },
  // if-feature (7.20.2)
  {
    name: 'if-feature of nothing',
    body: 'leaf x { if-feature f; type string; }',
    error: "2:10 feature 'f' is not defined",
  },
  {
    name: 'if-feature expression that is none',
    body: 'feature f;\nleaf x { if-feature "f and"; type string; }',
    error: "3:10 'if-feature f and': expected a feature name, found the end",
  },
  {
    name: 'if-feature expression in YANG 1',
    version: '1',
    body: 'feature f; feature g;\nleaf x { if-feature "f or g"; type string; }',
    error: "3:10 'if-feature f or g': an expression needs yang-version 1.1",
  },
  // Deviations (7.20.3)
  {
    name: 'deviation of nothing',
    body: 'deviation /m:x { deviate not-supported; }',
    error: "2:1 'deviation /m:x': no node 'm:x'",
  },
  {
    name: 'deviate with what it may not hold',
    body: 'leaf x { type string; }\ndeviation /m:x { deviate delete { type string; } }',
    error: "3:35 'type' is not allowed in 'deviate delete'",
  },
  // Groupings and typedefs that nobody uses
  {
    name: 'an unused grouping with an unknown type',
    body: 'grouping g { leaf x { type foo; } }',
    error: "2:23 typedef 'foo' is not defined",
  },
  {
    name: 'an unused typedef with an unknown type',
    body: 'typedef t { type foo; }',
    error: "2:13 typedef 'foo' is not defined",
    yanglintAccepts: 'it compiles a typedef only where it is used',
  },
  {
    name: 'an unused grouping that uses an unknown one',
    body: 'grouping g { uses h; }',
    error: "2:14 grouping 'h' is not defined",
  },
];
