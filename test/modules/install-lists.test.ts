/** Revocation lists that come along with what is installed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificatePem, toPem } from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { type ListOptions, makeRevocationList } from '../x509/lists.js';
import { openssl, save, temporaryDirectory } from '../x509/support.js';
import { makeAuthority, newKey, pem } from './authority.js';
import { day, device, entry, noon, refusalOf } from './support.js';

test(
  'a list that comes along is told and not kept; one that revokes the chain refuses it (RFC 5280 6.3)',
  requireTool('openssl'),
  async (context) => {
    const directory = temporaryDirectory();
    const { it } = await device(context);
    const authority = await makeAuthority();
    const { privateKey } = await newKey('listed');
    const leaf = await authority.issue(privateKey);
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const install = (data: string) => it.invoke(`${entry('web')}/install`, { data, 'private-key': key });
    const list = async (options: Partial<ListOptions> = {}) => {
      const lifetime = { thisUpdate: new Date(noon - day), nextUpdate: new Date(noon + day) };
      const signer = (await newKey('Test intermediate')).privateKey;
      const made = await makeRevocationList({ issuer: authority.intermediate, key: signer, ...lifetime, ...options });
      return toPem('X509 CRL', made.der);
    };
    const chain = pem(leaf, authority.intermediate, authority.root);
    const told = async (data: string) => JSON.stringify((await install(data))['finding']);
    const text = 'passed over: those for clients stand in client-authentication/crl';

    assert.match(await told(chain + (await list())), new RegExp(`"info","text":"a revocation list was ${text}"`));
    const another = (await newKey('another')).privateKey;
    const forged = await list({ revoked: [leaf], key: another });
    assert.match(await told(chain + forged + (await list())), new RegExp(`2 revocation lists were ${text}`));

    const revokes = await list({ revoked: [leaf] });
    const refusal =
      /^invalid-value [^\n]*\/install\/data: the certificate was revoked on 2026-06-01T00:00:00\.000Z \([^\n]+$/;
    assert.match(await refusalOf(() => install(chain + revokes)), refusal);
    save(directory, 'list.pem', revokes);
    save(directory, 'leaf.pem', certificatePem(leaf));
    save(directory, 'middle.pem', certificatePem(authority.intermediate));
    const files = ['-in', 'list.pem', '-certfile', 'leaf.pem', '-certfile', 'middle.pem'];
    assert.match(await refusalOf(() => install(openssl(directory, 'crl2pkcs7', ...files).stdout)), refusal);
    const root = (await newKey('Test root')).privateKey;
    const above = await list({ issuer: authority.root, key: root, revoked: [authority.intermediate] });
    assert.match(
      await refusalOf(() => install(chain + above)),
      /certificate CN=Test Intermediate,O=Test was revoked on/,
    );
  },
);
