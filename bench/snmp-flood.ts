/**
 * The process that bench/snmp-hostile.ts starts to send hostile datagrams: `snmp-flood PORT RATE SECONDS`; rate 0 sends as many as it can.
 * Prints how many were sent.
 */
import { createSocket } from 'node:dgram';
import { hostileMessages } from './snmp-hostile-messages.js';

const [port = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const messages = hostileMessages();
const socket = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 });
let sent = 0;

socket.connect(port, '127.0.0.1', () => {
  const begun = performance.now();
  const turn = () => {
    const elapsed = (performance.now() - begun) / 1000;
    if (elapsed >= seconds) {
      socket.close();
      process.stdout.write(`${String(sent)}\n`);
      return;
    }
    const due = rate === 0 ? sent + 64 : Math.floor(elapsed * rate);
    for (; sent < due; sent += 1) socket.send(messages[sent % messages.length]!);
    if (rate === 0) setImmediate(turn);
    else setTimeout(turn, 1);
  };
  turn();
});
// refused where nobody listens
socket.on('error', () => undefined);
// answers to what was not hostile enough
socket.on('message', () => undefined);
