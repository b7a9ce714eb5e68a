/** XML-RPC as the benchmarks call it: as little work as possible on the side of the client. */
import { Agent, request } from 'node:https';
import { adminPassword, type RunningAgent } from '../test/support/agent.js';

/** Calls on so many keep-alive connections; rejects where the answer is a fault. */
export function client(agent: RunningAgent, sockets: number): (body: string) => Promise<string> {
  const keepAlive = new Agent({ keepAlive: true, maxSockets: sockets, rejectUnauthorized: false });
  const auth = `admin:${adminPassword}`;
  return (body) =>
    new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: agent.httpsPort,
          path: '/RPC2',
          method: 'POST',
          agent: keepAlive,
          auth,
          headers: { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode === 200 && !text.includes('<fault>')) resolve(text);
            else reject(new Error(`${response.statusCode}: ${text.slice(0, 500)}`));
          });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
}

export function methodCall(method: string, ...values: readonly string[]): string {
  const params = values.map((value) => `<param><value>${value}</value></param>`).join('');
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`;
}

/** An `action.invoke`; members of the input are strings or booleans. */
export function invocation(path: string, input: Readonly<Record<string, string | boolean>>): string {
  const members = Object.entries(input).map(
    ([name, value]) =>
      `<member><name>${name}</name><value>${
        typeof value === 'boolean' ? `<boolean>${Number(value)}</boolean>` : `<string>${value}</string>`
      }</value></member>`,
  );
  return methodCall('action.invoke', `<string>${path}</string>`, `<struct>${members.join('')}</struct>`);
}

/** A `config.apply` of values by path. */
export function application(values: Readonly<Record<string, string>>): string {
  const edits = Object.entries(values).map(
    ([path, value]) =>
      `<value><struct><member><name>path</name><value><string>${path}</string></value></member>` +
      `<member><name>value</name><value><string>${value}</string></value></member></struct></value>`,
  );
  return methodCall('config.apply', `<array><data>${edits.join('')}</data></array>`);
}
