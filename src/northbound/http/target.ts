/** What the head of a request says: its target, its host, the length of its body (RFC 9112). */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './request.js';

/** Origin-form or absolute-form (RFC 9112 3.2). */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  let local = target;
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/[^/?#]*(.*)$/i.exec(target);
    if (absolute === null) throw new HttpError(400);
    local = absolute[1]?.startsWith('/') === true ? absolute[1] : `/${absolute[1] ?? ''}`;
  }
  const mark = local.indexOf('?');
  return mark < 0 ? { path: local, query: '' } : { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

/** Host is required (RFC 9112 3.2); what another site's page makes a browser send is refused unless it only reads. */
export function checkHost(incoming: IncomingMessage, method: string): void {
  const { host, origin } = incoming.headers;
  if (host === undefined && incoming.httpVersion === '1.1') throw new HttpError(400, { close: true });
  if (method === 'GET') return;
  const site = incoming.headers['sec-fetch-site'];
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreign || (origin !== undefined && origin !== `https://${host}`)) throw new HttpError(403);
}

/** Octets of the body that is to come; Infinity where the client did not say. */
export function bodyLength(incoming: IncomingMessage): number {
  const declared = incoming.headers['content-length'];
  if (declared !== undefined) return Number(declared);
  return incoming.headers['transfer-encoding'] === undefined ? 0 : Number.POSITIVE_INFINITY;
}
