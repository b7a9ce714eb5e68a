/** The public face of the HTTP service. */
export type { AuditEvent } from './audit.js';
export { type HttpLimits, httpLimits } from './limits.js';
export { escapeHtml, type StatusPage } from './page.js';
export {
  type ConnectionInfo,
  HttpError,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  type Route,
  streamed,
} from './request.js';
export { HttpService, type HttpServiceOptions } from './server.js';
export { SwitchGuard, type SwitchGuardOptions } from './switch-guard.js';
