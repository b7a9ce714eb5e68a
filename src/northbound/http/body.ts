/** Reading the body of a request, counted while it comes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from './request.js';

/**
 * The whole body. One that is too big is read to its end (up to `discarded`) and thrown away before the refusal: most
 * clients send all of it before they look at the answer, and would see a broken connection instead.
 */
export function readBody(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limits: { readonly body: number; readonly discarded: number },
): Promise<Buffer> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > limits.discarded) return Promise.reject(new HttpError(413, { close: true }));
  if (incoming.headers.expect !== undefined) {
    // The client waits to be told that the body is welcome (RFC 9110 10.1.1).
    if (declared > limits.body) return Promise.reject(new HttpError(413, { close: true }));
    outgoing.writeContinue();
  }
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limits.body) chunks.push(chunk);
      else chunks = [];
      if (size > limits.discarded) reject(new HttpError(413, { close: true }));
    });
    incoming.once('end', () => {
      if (size > limits.body) reject(new HttpError(413));
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    incoming.once('error', () => reject(new HttpError(400, { close: true })));
    incoming.once('close', () => reject(new HttpError(400, { close: true })));
  });
}
