/** `POST /RPC2`: from an HTTP request to a call and back. */
import type { Log } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { Schema } from '../../yang/index.js';
import { HttpError, type HttpRequest, type HttpResponse, type Route, type SwitchGuard } from '../http/index.js';
import { type CallContext, PathCache } from './context.js';
import { decodeCall, encodeFault, encodeResponse, responseText } from './envelope.js';
import { faultOf } from './errors.js';
import { withIntrospection } from './introspection.js';
import { type LargeAnswer, LargeAnswers } from './large-answers.js';
import { callMethod, configMethods } from './methods.js';
import { isStruct, type RpcValue } from './values.js';

export interface XmlRpcOptions {
  readonly schema: Schema;
  readonly log: Log;
  /** Asked before a confirmation that comes over HTTPS. */
  readonly guard?: Pick<SwitchGuard, 'check'>;
}

/** The route of the endpoint. */
export function xmlRpcRoute(options: XmlRpcOptions): Route {
  const note = (error: ConfigError): void => options.log('error', 'an XML-RPC method failed', { cause: error.cause });
  const methods = withIntrospection(configMethods, note);
  const paths = new PathCache(options.schema);
  const answers = new LargeAnswers();

  function makeContext(request: HttpRequest, answer: LargeAnswer): CallContext {
    const { user, sessionName } = request;
    return {
      session: request.session(),
      candidate: sessionName === '' ? `xmlrpc:${user}` : `xmlrpc:${user}:${sessionName}`,
      paths,
      signal: request.signal,
      checkConfirm: () => options.guard?.check(request.connection, request.session()),
      make: (steps) => answer.make(steps),
    };
  }

  return {
    path: '/RPC2',
    methods: ['POST'],
    protocol: 'xmlrpc',
    handle: async (request): Promise<HttpResponse> => {
      checkContentType(request);
      const answer = answers.for(request);
      try {
        const octets = await readBody(request);
        const call = await decodeCall(octets, charsetOf(request));
        const value = await callMethod(methods, makeContext(request, answer), call.method, call.params);
        return { status: 200, headers, body: await encodeResult(value, answer) };
      } catch (thrown) {
        if (thrown instanceof HttpError) throw thrown;
        if (thrown instanceof BodyTooBig)
          return { status: 413, headers: thrown.headers, body: encodeFault(faultOf(tooBig)) };
        const error = ConfigError.from(thrown);
        if (error !== thrown) note(error);
        return { status: 200, headers, body: encodeFault(faultOf(error)) };
      } finally {
        answer.end();
      }
    },
  };
}

/** HTTP's 413, told as a fault as well for clients that read the body of an error. */
class BodyTooBig extends Error {
  readonly headers: Readonly<Record<string, string>>;
  constructor(close: boolean) {
    super('body too big');
    this.headers = close ? { ...headers, connection: 'close' } : headers;
  }
}

async function readBody(request: HttpRequest): Promise<Buffer> {
  try {
    return await request.body();
  } catch (error) {
    if (error instanceof HttpError && error.status === 413) throw new BodyTooBig(error.close);
    throw error;
  }
}

async function encodeResult(value: RpcValue, answer: LargeAnswer): Promise<string> {
  try {
    if (!isStruct(value) && !Array.isArray(value)) return encodeResponse(value);
    return (await answer.make(responseText(value))).join('');
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const message = 'the answer cannot be told in XML-RPC: it has a control character or a number out of range';
    throw new ConfigError({ type: 'rpc', tag: 'operation-failed', message }, { cause });
  }
}

/** XML only: what a page of another site can send without asking first has other types. */
function checkContentType(request: HttpRequest): void {
  const type = request.headers['content-type'];
  if (type !== undefined && !/^(?:text|application)\/xml\s*(?:;|$)/i.test(type)) throw new HttpError(415);
}

/** The charset of the Content-Type, which decides over the XML declaration (RFC 7303 3); undefined where there is none. */
function charsetOf(request: HttpRequest): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.-]{1,40})/i.exec(request.headers['content-type'] ?? '')?.[1];
}

const headers = { 'Content-Type': 'text/xml; charset=utf-8' } as const;
const tooBig = new ConfigError({ type: 'rpc', tag: 'too-big', message: 'the body has more than 1048576 octets' });
