/** The `system` methods: what methods there are, and several calls in one. */
import { ConfigError } from '../../error.js';
import { faultOf } from './errors.js';
import { rpcLimits } from './limits.js';
import { callMethod, type Method } from './methods.js';
import { Members } from './parameters.js';
import { isStruct, type RpcValue } from './values.js';

/** All methods of an endpoint by name: the given ones, and those that tell of them. `note` is told of unknown exceptions. */
export function withIntrospection(
  methods: readonly Method[],
  note: (error: ConfigError) => void,
): ReadonlyMap<string, Method> {
  const all = new Map(methods.map((method) => [method.name, method]));
  const find = (name: string): Method => {
    const method = all.get(name);
    if (method !== undefined) return method;
    throw new ConfigError({
      type: 'rpc',
      tag: 'operation-not-supported',
      message: `there is no method ${name.slice(0, 128)}`,
    });
  };
  const own: readonly Method[] = [
    {
      name: 'system.listMethods',
      parameters: [],
      signatures: [['array']],
      help: 'The names of all methods.',
      call: () => [...all.keys()].sort(),
    },
    {
      name: 'system.methodSignature',
      parameters: ['method'],
      signatures: [['array', 'string']],
      help: 'The ways to call a method, each an array of types, that of the result first.',
      call: (_context, parameters) => find(parameters.string(0)).signatures,
    },
    {
      name: 'system.methodHelp',
      parameters: ['method'],
      signatures: [['string', 'string']],
      help: 'What a method does.',
      call: (_context, parameters) => {
        const method = find(parameters.string(0));
        return `${method.name}(${method.parameters.join(', ')}): ${method.help}`;
      },
    },
    {
      name: 'system.multicall',
      parameters: ['calls'],
      signatures: [['array', 'array']],
      help: 'Several calls {methodName, params}, one after the other; for each an array with its result, or a fault.',
      call: async (context, parameters) => {
        const calls = parameters.array(0);
        if (calls.length > rpcLimits.multicall) {
          const message = `system.multicall takes at most ${rpcLimits.multicall} calls`;
          throw new ConfigError({ type: 'rpc', tag: 'too-big', message });
        }
        const results: RpcValue[] = [];
        for (const call of calls) results.push(await oneOf(call));
        return results;

        async function oneOf(call: RpcValue): Promise<RpcValue> {
          try {
            const { name, values } = readCall(call);
            return [await callMethod(all, context, name, values)];
          } catch (thrown) {
            const error = ConfigError.from(thrown);
            if (error !== thrown) note(error);
            const fault = faultOf(error);
            return new Map<string, RpcValue>([
              ['faultCode', fault.code],
              ['faultString', fault.text],
            ]);
          }
        }
      },
    },
    {
      name: 'system.getCapabilities',
      parameters: [],
      signatures: [['struct']],
      help: 'The specifications that this endpoint keeps to, each {specUrl, specVersion}.',
      call: () => capabilities,
    },
  ];
  for (const method of own) all.set(method.name, method);
  return all;
}

function readCall(call: RpcValue): { readonly name: string; readonly values: readonly RpcValue[] } {
  if (!isStruct(call)) throw new ConfigError({ type: 'rpc', tag: 'invalid-value', message: 'a call is a struct' });
  const members = new Members(call, 'a call');
  const name = members.string('methodName');
  const values = members.value('params') ?? [];
  members.finish();
  if (name === undefined) {
    throw new ConfigError({ type: 'rpc', tag: 'missing-element', message: 'a call has no methodName' });
  }
  if (name === 'system.multicall') {
    throw new ConfigError({
      type: 'rpc',
      tag: 'operation-not-supported',
      message: 'system.multicall cannot be nested',
    });
  }
  if (!Array.isArray(values)) {
    throw new ConfigError({ type: 'rpc', tag: 'invalid-value', message: 'the params of a call are an array' });
  }
  return { name, values: values as readonly RpcValue[] };
}

const capabilities: ReadonlyMap<string, RpcValue> = new Map(
  [
    ['xmlrpc', 'http://www.xmlrpc.com/spec', 1],
    ['introspection', 'http://xmlrpc-c.sourceforge.net/xmlrpc-c/introspection.html', 1],
    ['system.multicall', 'http://www.xmlrpc.com/discuss/msgReader$1208', 1],
  ].map(([name, specUrl, specVersion]) => [
    String(name),
    new Map<string, RpcValue>([
      ['specUrl', String(specUrl)],
      ['specVersion', Number(specVersion)],
    ]),
  ]),
);
