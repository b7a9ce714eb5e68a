import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toDer } from '../../src/x509/asn1.js';
import { readDer } from '../../src/x509/der.js';
import { generalName, ipOctets, ipText, readGeneralName } from '../../src/x509/general-name.js';
import { nameText, parseNameText, readName } from '../../src/x509/name.js';
import { tlv } from './support.js';

const seed = 20261124;

test('the ASN.1 reader takes DER apart without loss', () => {
  const element = fc.letrec<{ node: Buffer }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 300 }).map((content) => tlv(0x04, Buffer.from(content))),
      fc.array(tie('node'), { maxLength: 4 }).map((children) => tlv(0x30, Buffer.concat(children))),
    ),
  })).node;
  fc.assert(
    fc.property(element, (der) => {
      const node = readDer(der);
      assert.deepEqual(node.raw, der);
      if (node.constructed) assert.deepEqual(Buffer.concat(node.children.map(({ raw }) => raw)), node.content);
    }),
    { seed, numRuns: 200 },
  );
});

test('names: the text of RFC 4514 comes back as it was', () => {
  const value = fc
    .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
    .filter((text) => [...text].length <= 64 && !/\p{Cc}/u.test(text) && Buffer.from(text).toString() === text);
  fc.assert(
    fc.property(value, value, (organization, commonName) => {
      const escaped = (text: string): string =>
        [...text]
          .map(
            (character) =>
              `\\${[...Buffer.from(character)].map((octet) => octet.toString(16).padStart(2, '0')).join('\\')}`,
          )
          .join('');
      const name = readName(
        readDer(toDer(parseNameText('x', `CN=${escaped(commonName)},O=${escaped(organization)},C=DE`))),
        'x',
      );
      assert.deepEqual(
        name.flat().map(({ text }) => text),
        ['DE', organization, commonName],
      );
      const again = readName(readDer(toDer(parseNameText('x', nameText(name)))), 'x');
      assert.deepEqual(again, name);
    }),
    { seed, numRuns: 300 },
  );
});

test('addresses: text to octets and back', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (text) => {
      const octets = ipOctets(text)!;
      assert.deepEqual(ipOctets(ipText(octets)), octets);
      const read = readGeneralName(readDer(toDer(generalName({ type: 'ip', value: text }))));
      assert.equal(read?.value, ipText(octets));
      // node's own parser agrees on what the address is.
      if (text.includes(':')) assert.equal(new URL(`http://[${ipText(octets)}]/`).hostname, `[${ipText(octets)}]`);
    }),
    { seed, numRuns: 300 },
  );
});
