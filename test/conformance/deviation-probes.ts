/** Modules that deviate from one, and modules with submodules and revisions, for the comparison of verdicts. */

export const deviatedModule =
  'module a { yang-version 1.1; namespace "urn:a"; prefix a; revision 2020-01-01; leaf l { type int8 { range "1..9"; } units u; default 1; must "1"; must "2"; } leaf n { type string; } leaf-list ll { type string; default x; default y; } container c { presence p; leaf d { type string; mandatory true; } } list li { key k; leaf k { type string; } leaf z { type string; } leaf y { type string; } unique z; } choice ch { default x; case x { leaf x { type string; } } leaf w { type string; } } rpc r { input { leaf i { type string; } } output { leaf o { type string; } } } notification no { leaf q { type string; } } container act { action ac { input { leaf i { type string; } } } } anydata any; }';

/** What is tried, the body of a module that imports `a`, and why our verdict is another than that of yanglint, where it is. */
export const deviationProbes: readonly (readonly [name: string, body: string, explained?: string])[] = [
  ['not-supported leaf', 'deviation /a:n { deviate not-supported; }'],
  [
    'not-supported twice',
    'deviation /a:n { deviate not-supported; } deviation /a:n { deviate not-supported; }',
    'RFC 7950 7.20.3: twice the same is no contradiction',
  ],
  ['not-supported key', 'deviation /a:li/a:k { deviate not-supported; }'],
  [
    'not-supported unique leaf',
    'deviation /a:li/a:z { deviate not-supported; }',
    'RFC 7950 7.20.3: the model must be valid after the deviations, and unique names a leaf',
  ],
  ['not-supported rpc input', 'deviation /a:r/a:input { deviate not-supported; }'],
  ['not-supported rpc leaf', 'deviation /a:r/a:input/a:i { deviate not-supported; }'],
  ['not-supported rpc', 'deviation /a:r { deviate not-supported; }'],
  ['not-supported notification', 'deviation /a:no { deviate not-supported; }'],
  ['not-supported action', 'deviation /a:act/a:ac { deviate not-supported; }'],
  ['not-supported default case', 'deviation /a:ch/a:x { deviate not-supported; }'],
  ['not-supported case', 'deviation /a:ch/a:w { deviate not-supported; }'],
  ['add units', 'deviation /a:n { deviate add { units u; } }'],
  ['add units existing', 'deviation /a:l { deviate add { units v; } }'],
  ['add default', 'deviation /a:n { deviate add { default q; } }'],
  ['add default existing', 'deviation /a:l { deviate add { default 2; } }'],
  ['add default leaf-list', 'deviation /a:ll { deviate add { default z; } }'],
  ['add default to mandatory', 'deviation /a:c/a:d { deviate add { default z; } }'],
  ['add config', 'deviation /a:n { deviate add { config false; } }'],
  ['add mandatory', 'deviation /a:n { deviate add { mandatory true; } }'],
  ['add mandatory to default', 'deviation /a:l { deviate add { mandatory true; } }'],
  ['add must', 'deviation /a:n { deviate add { must "1"; must "2"; } }'],
  ['add must anydata', 'deviation /a:any { deviate add { must "1"; } }'],
  ['add must choice', 'deviation /a:ch { deviate add { must "1"; } }'],
  ['add must notification', 'deviation /a:no { deviate add { must "1"; } }'],
  ['add unique', 'deviation /a:li { deviate add { unique y; } }'],
  ['add min/max', 'deviation /a:li { deviate add { min-elements 1; max-elements 2; } }'],
  ['add min > max', 'deviation /a:li { deviate add { min-elements 3; max-elements 2; } }'],
  ['add presence', 'deviation /a:act { deviate add { presence x; } }'],
  ['add type', 'deviation /a:n { deviate add { type int8; } }'],
  ['replace type', 'deviation /a:n { deviate replace { type int8; } }'],
  ['replace type default misfit', 'deviation /a:l { deviate replace { type int8 { range "5..9"; } } }'],
  ['replace type + default', 'deviation /a:l { deviate replace { type int8 { range "5..9"; } default 6; } }'],
  ['replace default', 'deviation /a:l { deviate replace { default 3; } }'],
  ['replace default missing', 'deviation /a:n { deviate replace { default 3; } }'],
  ['replace units', 'deviation /a:l { deviate replace { units z; } }'],
  ['replace units missing', 'deviation /a:n { deviate replace { units z; } }'],
  [
    'replace config',
    'deviation /a:n { deviate replace { config false; } }',
    'RFC 7950 7.20.3.2: the property exists, with its default value',
  ],
  ['replace mandatory', 'deviation /a:c/a:d { deviate replace { mandatory false; } }'],
  ['replace min', 'deviation /a:li { deviate replace { min-elements 1; } }', 'as for config'],
  ['replace must', 'deviation /a:l { deviate replace { must "3"; } }'],
  ['replace config of key', 'deviation /a:li/a:k { deviate replace { config false; } }'],
  ['delete units', 'deviation /a:l { deviate delete { units u; } }'],
  ['delete units other', 'deviation /a:l { deviate delete { units other; } }'],
  ['delete must', 'deviation /a:l { deviate delete { must "1"; } }'],
  ['delete must missing', 'deviation /a:l { deviate delete { must "9"; } }'],
  ['delete default', 'deviation /a:l { deviate delete { default 1; } }'],
  ['delete default other', 'deviation /a:l { deviate delete { default 2; } }'],
  ['delete default leaf-list', 'deviation /a:ll { deviate delete { default x; } }'],
  ['delete default choice', 'deviation /a:ch { deviate delete { default x; } }'],
  ['delete unique', 'deviation /a:li { deviate delete { unique z; } }'],
  ['delete unique missing', 'deviation /a:li { deviate delete { unique y; } }'],
  ['delete config', 'deviation /a:n { deviate delete { config true; } }'],
  ['delete mandatory', 'deviation /a:c/a:d { deviate delete { mandatory true; } }'],
  [
    'several deviates',
    'deviation /a:l { deviate delete { units u; default 1; } deviate add { mandatory true; } deviate replace { type string; } }',
  ],
  [
    'not-supported with other',
    'deviation /a:n { deviate not-supported; deviate add { units u; } }',
    'RFC 7950 section 14: not-supported stands alone',
  ],
  [
    'two deviations on one',
    'deviation /a:n { deviate add { units u; } } deviation /a:n { deviate add { default x; } }',
  ],
  ['deviate nothing', 'deviation /a:zz { deviate not-supported; }'],
  ['deviate own augment', 'augment /a:c { leaf own { type string; } } deviation /a:c/d:own { deviate not-supported; }'],
  ['deviation choice mandatory', 'deviation /a:ch { deviate delete { default x; } deviate add { mandatory true; } }'],
  ['deviation case path', 'deviation /a:ch/a:w/a:w { deviate add { default q; } }'],
];

/** What is tried, and the files; the module is `m`. */
export const submoduleProbes: readonly (readonly [name: string, files: Readonly<Record<string, string>>])[] = [
  [
    'yang1 submodule include needs own include',
    {
      m: 'module m { namespace "urn:m"; prefix m; include s; leaf x { type t; } }',
      s: 'submodule s { belongs-to m { prefix m; } include q; typedef t { type u; } }',
      q: 'submodule q { belongs-to m { prefix m; } typedef u { type string; } }',
    },
  ],
  [
    'yang1 submodule uses main without',
    {
      m: 'module m { namespace "urn:m"; prefix m; include s; typedef t { type string; } }',
      s: 'submodule s { belongs-to m { prefix m; } leaf x { type t; } }',
    },
  ],
  [
    'yang1.1 submodule uses main',
    {
      m: 'module m { yang-version 1.1; namespace "urn:m"; prefix m; include s; typedef t { type string; } }',
      s: 'submodule s { yang-version 1.1; belongs-to m { prefix m; } leaf x { type t; } }',
    },
  ],
  [
    'submodule by revision',
    {
      m: 'module m { yang-version 1.1; namespace "urn:m"; prefix m; include s { revision-date 2019-01-01; } }',
      's@2019-01-01':
        'submodule s { yang-version 1.1; belongs-to m { prefix m; } revision 2019-01-01; leaf old { type string; } }',
      's@2020-01-01':
        'submodule s { yang-version 1.1; belongs-to m { prefix m; } revision 2020-01-01; leaf new { type string; } }',
    },
  ],
  [
    'two revisions imported',
    {
      m: 'module m { yang-version 1.1; namespace "urn:m"; prefix m; import t { prefix o; revision-date 2019-01-01; } import t { prefix n; revision-date 2020-01-01; } leaf a { type o:t; default 1; } leaf b { type n:t; default x; } }',
      't@2019-01-01': 'module t { namespace "urn:t"; prefix t; revision 2019-01-01; typedef t { type int8; } }',
      't@2020-01-01': 'module t { namespace "urn:t"; prefix t; revision 2020-01-01; typedef t { type string; } }',
    },
  ],
  [
    'submodule of other',
    {
      m: 'module m { namespace "urn:m"; prefix m; include s; }',
      s: 'submodule s { belongs-to x { prefix m; } leaf a { type string; } }',
    },
  ],
  [
    'submodule augment & identity',
    {
      m: 'module m { yang-version 1.1; namespace "urn:m"; prefix m; include s; container c; identity i; leaf z { type identityref { base i; } default j; } }',
      s: 'submodule s { yang-version 1.1; belongs-to m { prefix p; } augment /p:c { leaf q { type string; } } identity j { base p:i; } feature f; }',
    },
  ],
  [
    'circular include',
    {
      m: 'module m { yang-version 1.1; namespace "urn:m"; prefix m; include s; include q; }',
      s: 'submodule s { yang-version 1.1; belongs-to m { prefix m; } include q; leaf a { type string; } }',
      q: 'submodule q { yang-version 1.1; belongs-to m { prefix m; } include s; leaf b { type string; } }',
    },
  ],
  [
    'import a submodule',
    {
      m: 'module m { namespace "urn:m"; prefix m; import s { prefix s; } }',
      s: 'submodule s { belongs-to x { prefix m; } }',
    },
  ],
];
