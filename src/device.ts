/** What the device is: its names, addresses and clock, and what its pages say of it. Part of the composition root. */
import { statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Datastore, Session } from './datastore/index.js';
import { deviceSubject, type HttpsModule } from './modules/index.js';
import type { StatusPage } from './northbound/http/index.js';
import type { TlsCredentials } from './southbound/index.js';
import { createKeyGenerator, makeSelfSigned } from './x509/index.js';
import { Branch, parsePath, type Schema, type Value } from './yang/index.js';

export function leafText(datastore: Datastore | undefined, schema: Schema, path: string): string | undefined {
  if (datastore === undefined) return undefined;
  const value = datastore.running().config.get(parsePath(schema, path)) as Value | undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A certificate that lives as long as the process: what is presented while the tree has none. */
export async function makeFactory(name: string): Promise<TlsCredentials> {
  const { privateKey } = await createKeyGenerator().generate('ec-p256');
  const { der } = await makeSelfSigned({
    privateKey,
    subject: deviceSubject(name),
    subjectAltNames: [],
    signatureHash: 'sha256',
    validityDays: 820,
    now: new Date(),
  });
  return { key: privateKey, chain: [der] };
}

export function reachableBy(deviceName: string): readonly string[] {
  return [...new Set([deviceName, hostname(), ...localAddresses()])];
}

/** Asked for each certificate whose state is read, and dear, since it asks the kernel: so once a second. */
function localAddresses(): readonly string[] {
  const now = performance.now();
  if (now - local.read < 1000) return local.addresses;
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address.replace(/%.*$/, ''));
  local = { addresses, read: now };
  return addresses;
}

let local: { readonly addresses: readonly string[]; readonly read: number } = {
  addresses: [],
  read: Number.NEGATIVE_INFINITY,
};

/** The time of the build, in milliseconds since the epoch. */
export function timeOfBuild(): number {
  return statSync(fileURLToPath(import.meta.url)).mtimeMs;
}

/**
 * The latest time that is known to have passed: of the build, and of the last journal record less a minute, so that a clock
 * that is set back a little stays trusted. A commit under a clock from before the build does not make it earlier; one by a
 * clock that was put right after it had been too far ahead does.
 */
export function timeKnown(built: number, datastore: () => Pick<Datastore, 'lastTime'> | undefined): () => number {
  return () => Math.max(built, (datastore()?.lastTime() ?? 0) - 60_000);
}

export function statusPage(viewer: Session, schema: Schema, https: HttpsModule, device: string): StatusPage {
  const links = [{ href: '/RPC2', text: 'XML-RPC endpoint' }];
  const name = https.served()?.certificate;
  const found =
    name === undefined || name === ''
      ? undefined
      : viewer.get(parsePath(schema, `/signet-https:https/certificate[name='${name}']/state`), 'operational');
  if (!(found instanceof Branch)) return { device, links };
  const fact = (leaf: string) => {
    const node = found.schema.byName.get(leaf)?.[0];
    return node?.kind === 'leaf' ? String(found.leaf(node) ?? '') : '';
  };
  return {
    device,
    links,
    certificate: {
      subject: fact('subject'),
      notAfter: fact('not-after'),
      fingerprint: fact('fingerprint-sha256'),
    },
  };
}
