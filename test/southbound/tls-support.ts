/** Fixtures and clients for the tests of the TLS listener. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Endpoint, TlsCredentials, TlsListener, TlsParameters, TlsService } from '../../src/southbound/index.js';

export type FixtureName = 'one' | 'two' | 'rsa' | 'rsa3072' | 'ed' | 'p521' | 'client';

export function pem(file: string): string {
  return readFileSync(join(repository(), 'test/fixtures/tls', file), 'utf8');
}

export function credentials(name: FixtureName): TlsCredentials {
  return { key: pem(`${name}.key`), chain: [pem(`${name}.crt`)] };
}

export function fingerprint(name: FixtureName): string {
  return new X509Certificate(pem(`${name}.crt`)).fingerprint256;
}

export const loopback: Endpoint = { address: '127.0.0.1', port: 0 };

export function service(
  name: FixtureName,
  parameters: Partial<TlsParameters> = {},
  listen: readonly Endpoint[] = [loopback],
): TlsService {
  return { credentials: credentials(name), parameters: { level: 'standard', ...parameters }, listen };
}

/** A client whose handshake succeeded; rejects with the error where it did not. */
export function dial(listener: TlsListener, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const [endpoint] = listener.addresses;
  if (endpoint === undefined) throw new Error('the listener has no address');
  return dialTo(endpoint, options);
}

export function dialTo(endpoint: Endpoint, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: endpoint.address, port: endpoint.port, rejectUnauthorized: false, ...options });
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** What the server presents to a new client. */
export async function presented(listener: TlsListener, options: ConnectionOptions = {}): Promise<string | undefined> {
  const socket = await dial(listener, options);
  const certificate = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  return certificate;
}

/** Sends a line and waits for its echo. */
export function echo(socket: TLSSocket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('close', () => reject(new Error('closed')));
    socket.write(text);
  });
}

function repository(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
