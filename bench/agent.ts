/**
 * The whole agent as a user meets it: start, memory, XML-RPC reads, SNMP processor time, commits at two sizes of the tree.
 * Client and agent share the machine, so rates are a floor.
 */
import { createSocket } from 'node:dgram';
import { makeState, type RunningAgent, startAgent } from '../test/support/agent.js';
import { cpuMicroseconds, line, quantile, residentMegabytes, short } from './machine.js';
import { client, methodCall } from './rpc.js';

export async function run(): Promise<void> {
  const place = await makeState();
  try {
    await (await startAgent(place)).stop();
    await startAndMemory(place);
    const agent = await startAgent(place);
    try {
      await reads(agent);
      await snmpGet(agent);
      print(line('resident memory after these', [residentMegabytes(agent.ready.pid)], 'MB', '-'));
      await commits(agent);
    } finally {
      await agent.stop();
    }
  } finally {
    await place.remove();
  }
}

async function startAndMemory(place: { directory: string; state: string }): Promise<void> {
  const starts: number[] = [];
  const resident: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const begun = performance.now();
    const agent = await startAgent(place);
    starts.push(performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    resident.push(residentMegabytes(agent.ready.pid));
    await agent.stop();
  }
  print(line('start to ready on existing state', starts, 'ms', '<= 500'));
  print(line('resident memory, idle for 2 s', resident, 'MB', '<= 90'));
}

async function reads(agent: RunningAgent): Promise<void> {
  const call = client(agent, 4);
  const body = methodCall('config.get', '<string>system.name</string>');
  await burst(2_000, 4, () => call(body));
  const rates: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const count = 6_000;
    const begun = performance.now();
    await burst(count, 4, () => call(body));
    rates.push((count * 1000) / (performance.now() - begun));
  }
  print(line('config.get of one leaf, 4 keep-alive connections', rates, '/s', '>= 2000'));
}

async function snmpGet(agent: RunningAgent): Promise<void> {
  const community = 'bench';
  const call = client(agent, 1);
  await call(
    methodCall(
      'config.apply',
      `<array><data><value><struct>
       <member><name>path</name><value><string>/ietf-snmp:snmp/community[index='bench']</string></value></member>
       <member><name>value</name><value><struct>
         <member><name>text-name</name><value><string>${community}</string></value></member>
         <member><name>security-name</name><value><string>admin</string></value></member>
       </struct></value></member></struct></value></data></array>`,
    ),
  );
  const packet = Buffer.concat([
    Buffer.from([0x30, 0x27, 0x02, 0x01, 0x01, 0x04, 0x05]),
    Buffer.from(community),
    Buffer.from('a01b02043fffffff020100020100300d300b06082b06010201010300', 'hex'),
    Buffer.from('0500', 'hex'),
  ]);
  fixLengths(packet);
  await pipelined(agent.snmpPort, packet, 20_000);
  const costs: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const count = 100_000;
    const before = cpuMicroseconds(agent.ready.pid);
    const begun = performance.now();
    await pipelined(agent.snmpPort, packet, count);
    rates.push((count * 1000) / (performance.now() - begun));
    costs.push((cpuMicroseconds(agent.ready.pid) - before) / count);
  }
  print(line('SNMP v2c GET sysUpTime.0, agent processor time', costs, 'us', '<= 20'));
  print(line('SNMP v2c GET sysUpTime.0, window 16', rates, '/s', '-'));
}

async function commits(agent: RunningAgent): Promise<void> {
  const call = client(agent, 1);
  const medians: number[] = [];
  let have = 0;
  for (const size of [10, 10_000]) {
    while (have < size) {
      const upTo = Math.min(size, have + 500);
      const names = Array.from({ length: upTo - have }, (_, index) => `bench-${have + index}`);
      await call(methodCall('config.apply', `<array><data>${names.map(selfSigned).join('')}</data></array>`));
      have = upTo;
    }
    const times: number[] = [];
    for (let round = 0; round < 300; round += 1) {
      const body = methodCall(
        'config.apply',
        `<array><data><value><struct>
         <member><name>path</name><value><string>https.certificate[bench-5].auto-renew</string></value></member>
         <member><name>value</name><value><boolean>${round % 2}</boolean></value></member></struct></value></data></array>`,
      );
      const begun = performance.now();
      await call(body);
      if (round >= 50) times.push(performance.now() - begun);
    }
    medians.push(quantile(times, 0.5));
    print(line(`one-leaf commit at ${size} certificates, round trip`, times, 'ms', '<= 3'));
  }
  const [small, large] = medians;
  print(`median at 10 000 over median at 10: ${short((large ?? Number.NaN) / (small ?? Number.NaN))}`);
}

/** An entry with a key and a self-signed certificate of its own. */
function selfSigned(name: string): string {
  return `<value><struct>
    <member><name>path</name><value><string>https.certificate[${name}].subject.common-name</string></value></member>
    <member><name>value</name><value><string>${name}.example.net</string></value></member>
  </struct></value>`;
}

async function burst(count: number, width: number, work: () => Promise<unknown>): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** Sends one packet again and again with 16 in flight; rejects where answers stop coming. */
function pipelined(port: number, packet: Buffer, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
    let sent = 0;
    let answered = 0;
    const stalled = setInterval(() => {
      if (answered === last) finish(new Error(`no answer after ${answered} of ${count}`));
      last = answered;
    }, 2000);
    let last = -1;
    const finish = (error?: Error) => {
      clearInterval(stalled);
      socket.close();
      if (error === undefined) resolve();
      else reject(error);
    };
    const send = () => {
      sent += 1;
      socket.send(packet);
    };
    socket.on('message', () => {
      answered += 1;
      if (answered === count) finish();
      else if (sent < count) send();
    });
    socket.on('error', finish);
    socket.connect(port, '127.0.0.1', () => {
      for (let index = 0; index < Math.min(16, count); index += 1) send();
    });
  });
}

/** Sets the two outer lengths of a short v2c message to what the buffer holds. */
function fixLengths(packet: Buffer): void {
  packet[1] = packet.length - 2;
  const pdu = packet.indexOf(0xa0, 7);
  packet[pdu + 1] = packet.length - pdu - 2;
  const list = pdu + 2 + 6 + 3 + 3;
  packet[list + 1] = packet.length - list - 2;
  packet[list + 3] = packet.length - list - 4;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
