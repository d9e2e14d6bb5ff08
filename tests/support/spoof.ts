/**
 * Program: sends UDP datagrams from forged source ports and hosts by a raw socket.
 *
 * `deno run -A spoof.ts FROM_PREFIX TO PORT COUNT`: the sources are FROM_PREFIX.1 to .250, ports
 * counted up. Run it inside a namespace only.
 * @module
 */

import { errnoName } from "../../lib/sys/errno.ts";
import { errno, libc } from "../../lib/sys/libc.ts";
import { sendTo } from "../../lib/sys/send_to.ts";
import { inetPton } from "../../lib/wire/inet.ts";
import { encodeSockaddr } from "../../lib/wire/sockaddr.ts";

const [prefix = "", to = "", port = "", count = ""] = Deno.args;
const SOCK_RAW = 3;
const IPPROTO_RAW = 255; // the caller writes the IP header, raw(7)
const fd = libc().socket(2, SOCK_RAW, IPPROTO_RAW);
if (fd < 0) throw new Error(`raw socket: ${errnoName(errno())}`);

const payload = new TextEncoder().encode("forged");
const packet = new Uint8Array(28 + payload.length);
const view = new DataView(packet.buffer);
packet.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17]); // RFC 791: IPv4, TTL 64, UDP; the kernel sums it up
packet.set(inetPton(to) ?? [], 16);
view.setUint16(22, Number(port));
view.setUint16(24, 8 + payload.length); // RFC 768; a checksum of 0 is none
packet.set(payload, 28);
const name = encodeSockaddr({ family: "inet", host: to, port: 0 });
const pause = new Int32Array(new SharedArrayBuffer(4));

for (let n = 0; n < Number(count); n++) {
  packet.set(inetPton(`${prefix}.${1 + Math.floor(n / 60_000) % 250}`) ?? [], 12);
  view.setUint16(20, 2_000 + n % 60_000);
  while (sendTo(fd, packet, name, to) === "again") Atomics.wait(pause, 0, 0, 1);
  // A receiver's queue holds some hundred of them; what is lost there would test nothing.
  if (n % 100 === 99) Atomics.wait(pause, 0, 0, 1);
}
libc().close(fd);
