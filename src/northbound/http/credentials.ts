/** HTTP Basic authentication (RFC 7617), UTF-8 as our challenge asks for. */

export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

export const challenge = 'Basic realm="signet", charset="UTF-8"';

/** Undefined for another scheme and for anything malformed. */
export function parseBasic(header: string): BasicCredentials | undefined {
  const match = form.exec(header);
  if (match === null) return undefined;
  const octets = Buffer.from(match[1] ?? '', 'base64');
  let text: string;
  try {
    text = utf8.decode(octets);
  } catch {
    return undefined;
  }
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const form = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
