import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import {
  checkShape,
  decodeContent,
  decodeContentText,
  decodeInput,
  decodeJson,
  encodeJson,
  InstanceIdentifier,
  type JsonObject,
  type JsonValue,
  parsePath,
  type Schema,
} from '../../src/yang/index.js';
import { membersShape } from '../../src/yang/json-schema-shape.js';
import { moduleJsonSchema, nodeJsonSchema } from '../../src/yang/tools.js';
import { arbitraryRoot, codecSchema } from './codec-fixture.js';

let schema: Schema;
before(() => {
  schema = codecSchema();
});

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof ConfigError, String((thrown as Error).stack));
    return thrown.line();
  }
  return assert.fail('not refused');
}

const at = (path: string): InstanceIdentifier => parsePath(schema, path);

describe('checkShape', () => {
  it('accepts every tree that the codec writes, by every path to a part of it', () => {
    const top = schema.root.byQualifiedName.get('codec:top');
    assert.ok(top?.kind === 'container');
    fc.assert(
      fc.property(arbitraryRoot(schema, 'json'), (root) => {
        const json = encodeJson(schema, schema.root, root) as JsonObject;
        checkShape(schema, InstanceIdentifier.root, json);
        const members = json['codec:top'] as JsonObject | undefined;
        for (const [name, value] of Object.entries(members ?? {})) {
          const child = top.byQualifiedName.get(name.includes(':') ? name : `codec:${name}`)!;
          checkShape(schema, at('/codec:top').child(child), value);
        }
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it('names what is wrong, with its path', () => {
    const entry = [{ name: 'a', port: 1, nowhere: 1 }];
    assert.equal(
      refusal(() => checkShape(schema, at('/codec:top'), { entry })),
      "unknown-element /codec:top/entry[name='a'][port='1']: there is no node 'nowhere' in 'entry'",
    );
    assert.equal(
      refusal(() => checkShape(schema, InstanceIdentifier.root, { 'codec:top': { truth: 'yes' } })),
      'invalid-value /codec:top/truth: expected a boolean, found a string',
    );
    assert.equal(
      refusal(() => checkShape(schema, at('/codec:top/entry'), {})),
      'invalid-value /codec:top/entry: expected an array, found an object',
    );
    assert.equal(
      refusal(() => checkShape(schema, InstanceIdentifier.root, { top: {} })),
      "unknown-element /: there is no node 'top' at the top",
    );
    assert.equal(
      refusal(() => checkShape(schema, InstanceIdentifier.root, [])),
      'invalid-value /: expected an object, found an array',
    );
  });

  it('takes one entry without its keys where the path has them, and operations', () => {
    checkShape(schema, at("/codec:top/entry[name='a'][port='1']"), { note: 'x' });
    checkShape(schema, at("/codec:top/number[.='7']"), 7);
    checkShape(schema, at('/codec:ping'), { host: 'h' });
    checkShape(schema, at('/codec:ping'), { time: '1.0' }, { parameters: 'output' });
    checkShape(schema, at('/codec:top'), { int64: 5, truth: 'true' }, { relaxed: true });
  });

  it('tells the faults of every object, each with its own path', () => {
    const json = { entry: [{ name: 'a', port: 1, inner: [{ id: 5 }] }, 7], 'empty-one': { nix: 1 }, truth: 0 };
    try {
      checkShape(schema, at('/codec:top'), json);
      assert.fail('not refused');
    } catch (thrown) {
      assert.ok(thrown instanceof ConfigError);
      assert.deepEqual(
        thrown
          .all()
          .map((error) => error.line())
          .toSorted(),
        [
          'invalid-value /codec:top/entry: expected an object, found a number',
          "invalid-value /codec:top/entry[name='a'][port='1']/inner/id: expected a string, found a number",
          'invalid-value /codec:top/truth: expected a boolean, found a number',
          "unknown-element /codec:top/empty-one: there is no node 'nix' in 'empty-one'",
        ],
      );
    }
  });

  it('is judged a level at a time: a schema is made of the members of one node alone', () => {
    const top = schema.root.byQualifiedName.get('codec:top')!;
    assert.ok(top.kind === 'container');
    const { properties } = membersShape(top, false) as { properties: Record<string, JsonObject> };
    assert.deepEqual(properties['entry'], { type: 'array' });
    assert.deepEqual(properties['codec:present'], { type: 'object' });
    assert.deepEqual(properties['number'], { type: 'array', items: { type: 'integer' } });
    assert.ok(!('extra' in properties), 'of another module');
    assert.ok('codec-more:extra' in properties);
  });

  it('never accepts less than the decoder does', () => {
    const name = fc.constantFrom(
      'codec:top',
      'entry',
      'name',
      'port',
      'int8',
      'any',
      'xml',
      'number',
      'flags',
      'either',
      'nothing',
    );
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<JsonValue>(null, true, 5, 'a', '5', [null]),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map((members) => Object.fromEntries(members)),
      ),
    }));
    const paths = fc.constantFrom('/codec:top', '/codec:top/entry', '/codec:top/either', '/codec:top/number', "/codec:top/entry[name='a'][port='1']"); // biome-ignore format: one line
    fc.assert(
      fc.property(value, paths, fc.boolean(), (json, path, relaxed) => {
        try {
          decodeJson(schema, at(path), json, { relaxed });
        } catch {
          return;
        }
        checkShape(schema, at(path), json, { relaxed });
      }),
      { seed: 9, numRuns: 1000 },
    );
  });
});

describe('decodeContent and decodeInput', () => {
  it('read text in slices with the same verdict', async () => {
    const text = '{"codec:top":{"entry":[{"name":"a","port":1}],"state":"x"}}';
    const content = await decodeContentText(schema, InstanceIdentifier.root, text, { configOnly: false });
    assert.deepEqual(encodeJson(schema, schema.root, content), JSON.parse(text));
    await assert.rejects(decodeContentText(schema, InstanceIdentifier.root, text), /state/u);
  });

  it('give the decoder’s faults, all of them', () => {
    try {
      decodeContent(schema, at('/codec:top'), { int8: 'x', state: 'y', nowhere: 1 });
      assert.fail('not refused');
    } catch (thrown) {
      assert.ok(thrown instanceof ConfigError);
      assert.deepEqual(
        thrown.all().map((error) => `${error.tag} ${error.path}`),
        ['invalid-value /codec:top/int8', 'unknown-element /codec:top/state', 'unknown-element /codec:top'],
      );
    }
  });

  it('read the input of an operation', () => {
    const operation = schema.rpcs.get('codec:ping')!;
    const input = decodeInput(schema, operation, { host: 'h' });
    assert.deepEqual(encodeJson(schema, input.schema, input), { host: 'h' });
    assert.equal(
      refusal(() => decodeInput(schema, operation, { host: 1 })),
      'invalid-value /codec:ping/host: expected a string, found a number',
    );
  });
});

describe('JSON Schema of a module', () => {
  it('is valid by the 2020-12 meta-schema and accepts what the codec writes', () => {
    const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
    const ajv = new Ajv2020({ strict: true });
    const whole = moduleJsonSchema(schema);
    assert.ok(ajv.validateSchema(whole), JSON.stringify(ajv.errors));
    const validate = ajv.compile(whole);
    fc.assert(
      fc.property(arbitraryRoot(schema, 'json'), (root) => {
        const json = encodeJson(schema, schema.root, root) as JsonObject;
        const members = (json['codec:top'] ?? {}) as JsonObject;
        assert.equal(validate(json), !('left' in members && 'right' in members), JSON.stringify(validate.errors));
        if ('left' in members) delete (members as Record<string, JsonValue>)['right'];
        assert.ok(validate(json), JSON.stringify(validate.errors));
      }),
      { seed: 10, numRuns: 100 },
    );
    assert.ok(!validate({ 'codec:top': { int8: 200 } }));
    assert.ok(!validate({ 'codec:top': { color: 'pink' } }));
    assert.ok(!validate({ 'codec:top': { entry: [{ name: 'a' }] } }));
  });

  it('tells an editor types, limits, names and texts', () => {
    const top = schema.root.byQualifiedName.get('codec:top')!;
    assert.ok(top.kind === 'container');
    const { properties } = nodeJsonSchema(top) as { properties: Record<string, JsonObject> };
    assert.deepEqual(properties['uint32'], { type: 'integer', anyOf: [{ minimum: 0, maximum: 10 }, { minimum: 100, maximum: 4294967295 }] }); // biome-ignore format: one line
    assert.deepEqual(properties['shape'], { type: 'string', enum: ['codec:round', 'round', 'codec-more:square'] });
    assert.deepEqual(properties['state'], { readOnly: true, type: 'string' });
    assert.deepEqual(
      Object.keys(moduleJsonSchema(schema, schema.modules.get('codec-more'))['properties'] as JsonObject),
      ['codec:top', 'codec-more:other'],
    );
  });

  it('is loaded without ajv: a start does not pay for it', () => {
    const script = `
      await import(${JSON.stringify(new URL('../../src/yang/index.js', import.meta.url).href)});
      const { createRequire } = await import('node:module');
      const cache = Object.keys(createRequire(process.cwd() + '/').cache ?? {});
      process.stdout.write(String(cache.some((file) => /node_modules.ajv/.test(file))));`;
    assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }), 'false');
  });
});
