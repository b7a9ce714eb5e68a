/** RFC 7950 7.5 to 7.9, 7.21.5, 9.9, 9.13, 10: documents are valid where yanglint finds them valid, and at fault in the same place. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ConfigError } from '../../src/error.js';
import { type Branch, DataTree, decodeXml, InstanceIdentifier, loadSchema, Validator } from '../../src/yang/index.js';
import { run } from '../support/run.js';
import { requireTool } from '../support/tools.js';

const yanglint = requireTool('yanglint');
const folder = mkdtempSync(join(tmpdir(), 'signet-yanglint-'));
after(() => rmSync(folder, { recursive: true }));

/** Content of `top`, and the path of the fault below it, or undefined where the document is valid. */
type Documents = Readonly<Record<string, string | undefined>>;

interface Suite {
  readonly title: string;
  /** Statements inside the container `top`. */
  readonly body: string;
  readonly more?: string;
  readonly documents: Documents;
}

const suites: readonly Suite[] = [
  {
    title: '7.5.3 must',
    body: `
      leaf a { type string; must "../b or . = 'free'"; } leaf b { type string; }
      leaf m { type uint16; must ". >= 68 and . <= ../max * 2"; } leaf max { type uint16; default 1000; }
      container np { must "../b or not(../a)"; leaf q { type uint8; default 5; must "../../max != 7"; } }
      container p { presence p; must "count(../l) > 0"; }
      list l { key k; must "not(../l[k = current()/n]/n = k)"; leaf k { type string; } leaf n { type string; } }
      leaf e { type empty; must "not(../b)"; }
      leaf-list ll { type uint8; must ". mod 2 = 0"; }`,
    documents: {
      '': undefined,
      '<a>free</a>': '/np',
      '<a>x</a><b>y</b>': undefined,
      '<a>x</a>': '/a',
      '<m>68</m>': undefined,
      '<m>67</m>': '/m',
      '<m>2001</m>': '/m',
      '<m>2001</m><max>1001</max>': undefined,
      '<max>7</max>': '/np/q',
      '<p/>': '/p',
      '<p/><l><k>1</k></l>': undefined,
      '<l><k>1</k><n>2</n></l><l><k>2</k><n>3</n></l>': undefined,
      '<l><k>1</k><n>2</n></l><l><k>2</k><n>1</n></l>': "/l[k='1']",
      '<ll>2</ll><ll>4</ll>': undefined,
      '<ll>2</ll><ll>3</ll>': "/ll[.='3']",
      '<e/>': undefined,
      '<e/><b>y</b>': '/e',
    },
  },
  {
    title: '7.21.5 when',
    body: `
      leaf t { type enumeration { enum a; enum b; enum c; } }
      leaf x { when "../t = 'a'"; type string; mandatory true; }
      leaf d { when "../t = 'b'"; type uint8; default 5; }
      leaf needs-d { type string; must "../d = 5"; }
      container c { when "../t = 'c'"; leaf in { type string; mandatory true; } }
      choice ch { when "t = 'b' or t = 'c'"; leaf c1 { type string; } leaf c2 { type string; } }
      list l { when "../t"; key k; leaf k { type string; } leaf v { when "../k != 'no'"; type string; } }`,
    more: 'augment /m:top { when "m:t = \'a\'"; leaf added { type string; } }',
    documents: {
      '': undefined,
      '<t>a</t>': '/x',
      '<t>a</t><x>1</x>': undefined,
      '<t>b</t><x>1</x>': '/x',
      '<x>1</x>': '/x',
      '<t>b</t><d>6</d>': undefined,
      '<d>5</d>': '/d',
      '<t>b</t><needs-d>1</needs-d>': undefined,
      '<needs-d>1</needs-d>': '/needs-d',
      '<t>c</t>': '/c/in',
      '<t>c</t><c><in>1</in></c>': undefined,
      '<t>b</t><c><in>1</in></c>': '/c',
      '<t>b</t><c/>': '/c',
      '<t>b</t><c1>1</c1>': undefined,
      '<c1>1</c1>': '/c1',
      '<l><k>1</k></l>': "/l[k='1']",
      '<t>b</t><l><k>1</k><v>1</v></l>': undefined,
      '<t>b</t><l><k>no</k><v>1</v></l>': "/l[k='no']/v",
      '<t>a</t><x>1</x><added>1</added>': undefined,
      '<t>b</t><added>1</added>': '/added',
    },
  },
  {
    title: '7.6.5, 7.7.5, 7.9 mandatory, counts and choices',
    body: `
      container p { presence p; leaf m { type string; mandatory true; } container np { leaf deep { type string; mandatory true; } } }
      leaf-list few { type uint8; max-elements 2; }
      list l { key k; min-elements 1; max-elements 2; leaf k { type string; } leaf m { type string; mandatory true; } }
      choice c { mandatory true; case a { leaf a1 { type string; } leaf a2 { type string; mandatory true; } } container b { leaf b1 { type string; } } }
      choice d { default e; case e { leaf e1 { type string; default x; } } case f { leaf f1 { type string; } } }
      leaf sees-e { type string; must "../e1 = 'x'"; }`,
    documents: {
      '': '/l',
      '<l><k>1</k><m>1</m></l>': '',
      '<l><k>1</k><m>1</m></l><a2>1</a2>': undefined,
      '<l><k>1</k><m>1</m></l><a1>1</a1>': '/a2',
      '<l><k>1</k><m>1</m></l><b><b1>1</b1></b>': undefined,
      '<l><k>1</k><m>1</m></l><b/>': '',
      '<l><k>1</k><m>1</m></l><b/><a2>1</a2>': '',
      '<l><k>1</k></l><a2>1</a2>': "/l[k='1']/m",
      '<l><k>1</k><m>1</m></l><l><k>2</k><m>1</m></l><l><k>3</k><m>1</m></l><a2>1</a2>': '/l',
      '<l><k>1</k><m>1</m></l><a2>1</a2><few>1</few><few>2</few><few>3</few>': '/few',
      '<l><k>1</k><m>1</m></l><a2>1</a2><p><m>1</m><np><deep>1</deep></np></p>': undefined,
      '<l><k>1</k><m>1</m></l><a2>1</a2><p><m>1</m></p>': '/p/np/deep',
      '<l><k>1</k><m>1</m></l><a2>1</a2><sees-e>1</sees-e>': undefined,
      '<l><k>1</k><m>1</m></l><a2>1</a2><f1>1</f1>': undefined,
      '<l><k>1</k><m>1</m></l><a2>1</a2><f1>1</f1><sees-e>1</sees-e>': '/sees-e',
      '<l><k>1</k><m>1</m></l><a2>1</a2><f1>1</f1><e1>1</e1>': '',
    },
  },
  {
    title: '7.8.3 unique',
    body: `list e { key k; unique "ip in/port"; leaf k { type string; } leaf ip { type string; } container in { leaf port { type uint16; default 80; } } }`,
    documents: {
      '<e><k>1</k><ip>a</ip></e><e><k>2</k><ip>b</ip></e>': undefined,
      '<e><k>1</k><ip>a</ip></e><e><k>2</k><ip>a</ip></e>': "/e[k='2']",
      '<e><k>1</k><ip>a</ip></e><e><k>2</k><ip>a</ip><in><port>80</port></in></e>': "/e[k='2']",
      '<e><k>1</k><ip>a</ip></e><e><k>2</k><ip>a</ip><in><port>81</port></in></e>': undefined,
      '<e><k>1</k></e><e><k>2</k></e>': undefined,
    },
  },
  {
    title: '9.9 leafref, 9.12 union, 9.13 instance-identifier',
    body: `
      list s { key n; leaf n { type string; } leaf z { type string; default dz; } leaf peer { type leafref { path "../../s/n"; } } }
      list p { key "a b"; leaf a { type string; } leaf b { type uint8; } leaf o { type leafref { path "../../p[a = current()/../a]/b"; } } }
      leaf key { type leafref { path "/top/s/n"; } }
      leaf value { type leafref { path "../s/z"; } }
      leaf second { type leafref { path "../p/b"; } }
      leaf either { type union { type leafref { path "../s/n"; } type uint8; } }
      leaf free { type leafref { path "../s/n"; require-instance false; } }
      leaf to { type instance-identifier; }
      leaf loose { type instance-identifier { require-instance false; } }`,
    documents: {
      '<s><n>1</n></s><key>1</key>': undefined,
      '<s><n>1</n></s><key>2</key>': '/key',
      '<s><n>1</n></s><free>2</free>': undefined,
      '<s><n>1</n></s><value>dz</value>': undefined,
      '<s><n>1</n><z>z</z></s><value>dz</value>': '/value',
      '<s><n>1</n><peer>2</peer></s><s><n>2</n></s>': undefined,
      '<s><n>1</n><peer>3</peer></s><s><n>2</n></s>': "/s[n='1']/peer",
      '<p><a>x</a><b>1</b><o>2</o></p><p><a>x</a><b>2</b></p>': undefined,
      '<p><a>x</a><b>1</b><o>2</o></p><p><a>y</a><b>2</b></p>': "/p[a='x'][b='1']/o",
      '<p><a>x</a><b>1</b></p><second>1</second>': undefined,
      '<p><a>x</a><b>1</b></p><second>2</second>': '/second',
      '<either>7</either>': undefined,
      '<either>x</either>': '/either',
      '<s><n>x</n></s><either>x</either>': undefined,
      "<s><n>1</n></s><to>/m:top/m:s[m:n='1']/m:z</to>": undefined,
      "<s><n>1</n></s><to>/m:top/m:s[m:n='2']</to>": '/to',
      '<to>/m:top/m:key</to>': '/to',
      '<loose>/m:top/m:key</loose>': undefined,
    },
  },
  {
    title: '10 functions',
    body: `
      leaf i { type identityref { base base; } }
      leaf e { type enumeration { enum low { value 1; } enum high { value 9; } } }
      leaf b { type bits { bit one; bit two; } }
      list s { key n; leaf n { type string; } leaf port { type uint16; } }
      leaf r { type leafref { path "../s/n"; } must "deref(.)/../port > 100"; }
      leaf t { type string; must "re-match(., '[a-z]{2,3}')"; }
      leaf derived { type string; must "derived-from(../i, 'm:middle')"; }
      leaf self { type string; must "derived-from-or-self(../i, 'm:middle')"; }
      leaf equal { type string; must "../i = 'm:leaf'"; }
      leaf enum { type string; must "enum-value(../e) > 5"; }
      leaf bit { type string; must "bit-is-set(../b, 'two')"; }
      leaf cur { type string; must "../s[n = current()]/port = 80"; }
      leaf conv { type string; must "string-length(.) = 3 and substring(., 2) = 'bc' and number(../s/port) > 0 and '10' > '9' and not(../none = '')"; }
      leaf sum { type string; must "sum(../s/port) = 280 and count(../s) = 2 and round(2.5) = 3"; }`,
    more: 'identity base; identity middle { base base; } identity leaf { base middle; }',
    documents: {
      '<i>m:leaf</i><derived>1</derived><self>1</self><equal>1</equal>': undefined,
      '<i>m:middle</i><derived>1</derived>': '/derived',
      '<i>m:middle</i><self>1</self>': undefined,
      '<i>m:middle</i><equal>1</equal>': '/equal',
      '<enum>1</enum>': '/enum',
      '<e>high</e><enum>1</enum>': undefined,
      '<e>low</e><enum>1</enum>': '/enum',
      '<b>one two</b><bit>1</bit>': undefined,
      '<b>one</b><bit>1</bit>': '/bit',
      '<s><n>a</n><port>80</port></s><r>a</r>': '/r',
      '<s><n>a</n><port>443</port></s><r>a</r>': undefined,
      '<t>ab</t>': undefined,
      '<t>abcd</t>': '/t',
      '<s><n>a</n><port>80</port></s><cur>a</cur>': undefined,
      '<s><n>a</n><port>81</port></s><cur>a</cur>': '/cur',
      '<s><n>a</n><port>80</port></s><conv>abc</conv>': undefined,
      '<s><n>a</n><port>80</port></s><conv>abd</conv>': '/conv',
      '<s><n>a</n><port>80</port></s><s><n>b</n><port>200</port></s><sum>1</sum>': undefined,
      '<s><n>a</n><port>80</port></s><sum>1</sum>': '/sum',
    },
  },
];

for (const { title, body, more, documents } of suites) {
  const text = `module m { yang-version 1.1; namespace "urn:m"; prefix m; ${more ?? ''} container top { ${body} } }`;
  const { schema, errors } = loadSchema({ files: [{ name: 'm.yang', text }] });
  const validator = new Validator(schema);
  const place = mkdtempSync(join(folder, 'suite-'));
  const module = join(place, 'm.yang');
  writeFileSync(module, text);

  describe(`RFC 7950 ${title}`, () => {
    it('compiles', () => assert.deepEqual(errors, []));
    for (const [content, fault] of Object.entries(documents)) {
      const document = `<top xmlns="urn:m" xmlns:m="urn:m">${content}</top>`;
      const expected = fault === undefined ? undefined : `/m:top${fault}`;
      it(`${content === '' ? 'nothing' : content}: ${expected === undefined ? 'valid' : `at fault is ${expected}`}`, () => {
        const paths = refusals(document);
        if (expected === undefined) assert.deepEqual(paths, []);
        else assert.ok(paths.includes(expected), paths.join(' '));
      });

      it(`${content === '' ? 'nothing' : content}: yanglint says so too`, { skip: yanglint.skip }, async () => {
        const file = join(place, `${String(Object.keys(documents).indexOf(content))}.xml`);
        writeFileSync(file, document);
        const { status, stderr } = await run('yanglint', ['-t', 'config', module, file]);
        assert.equal(status === 0, expected === undefined, stderr);
        if (expected === undefined) return;
        const at = /\((?:Data|Schema) location "([^"]*)"/u.exec(stderr)?.[1] ?? '';
        assert.ok(
          refusals(document).some((path) => agrees(path, at)),
          `${at}\n${refusals(document).join('\n')}`,
        );
      });
    }
  });

  const refusals = (document: string): readonly string[] => {
    try {
      const root = decodeXml(schema, InstanceIdentifier.root, document) as Branch;
      return validator.validate(new DataTree(schema, root)).map(({ path }) => path);
    } catch (thrown) {
      if (thrown instanceof ConfigError) return thrown.all().map(({ path }) => path);
      throw thrown;
    }
  };
}

/** Schema locations name choice and case, and no keys: then the last name must be the same, or that above. */
function agrees(path: string, place: string): boolean {
  const plain = (text: string): string => text.replace(/\[[^\]]*\]/gu, '');
  if (path === place || plain(path) === plain(place)) return true;
  const names = plain(place).split('/');
  return (
    [names.at(-1), names.at(-2)].includes(plain(path).split('/').at(-1)!.replace('m:', '')) || place.startsWith(path)
  );
}
