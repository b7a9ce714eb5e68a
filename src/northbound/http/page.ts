/** The status page at `/`: what a browser is shown before anybody has logged in, so nothing that is not public anyway. */
import type { HttpResponse } from './request.js';

export interface StatusPage {
  readonly device: string;
  readonly certificate?: {
    readonly subject: string;
    readonly notAfter: string;
    readonly fingerprint: string;
  };
  readonly links: readonly { readonly href: string; readonly text: string }[];
}

export function statusPage(status: StatusPage): HttpResponse {
  const { certificate } = status;
  const facts: readonly (readonly [string, string])[] =
    certificate === undefined
      ? []
      : [
          ['Certificate', certificate.subject],
          ['Valid until', certificate.notAfter],
          ['SHA-256 fingerprint', certificate.fingerprint],
        ];
  const rows = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  const links = status.links.map(({ href, text }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(text)}</a></li>`);
  const device = escapeHtml(status.device);
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: [
      '<!DOCTYPE html>',
      `<html lang="en"><head><meta charset="utf-8"><title>${device}</title>`,
      '<meta name="viewport" content="width=device-width"></head>',
      `<body><h1>${device}</h1><dl>${rows.join('')}</dl><ul>${links.join('')}</ul></body></html>`,
      '',
    ].join('\n'),
  };
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
