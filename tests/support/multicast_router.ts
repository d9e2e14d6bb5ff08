/**
 * Program: routes one multicast group from one interface to another, as a router's kernel does it
 * (linux/mroute.h), until it is ended.
 *
 * `deno run -A multicast_router.ts SOURCE GROUP FROM_INDEX TO_INDEX`
 * @module
 */

import { errnoName } from "../../lib/sys/errno.ts";
import { errno, libc } from "../../lib/sys/libc.ts";
import { setOption } from "../../lib/sys/option.ts";
import { inetPton } from "../../lib/wire/inet.ts";

const [source = "", group = "", from = "", to = ""] = Deno.args;
const [SOCK_RAW, IPPROTO_IP, IPPROTO_IGMP] = [3, 0, 2];
const [MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC, VIFF_USE_IFINDEX] = [200, 202, 204, 0x8];
const fd = libc().socket(2, SOCK_RAW, IPPROTO_IGMP);
if (fd < 0) throw new Error(`raw socket: ${errnoName(errno())}`);
setOption(fd, IPPROTO_IP, MRT_INIT, 1);
for (const [vif, index] of [Number(from), Number(to)].entries()) {
  // struct vifctl: number, flags, threshold of TTL, rate limit, index, remote
  const control = new DataView(new ArrayBuffer(16));
  control.setUint16(0, vif, true);
  control.setUint8(2, VIFF_USE_IFINDEX);
  control.setUint8(3, 1);
  control.setInt32(8, index, true);
  setOption(fd, IPPROTO_IP, MRT_ADD_VIF, new Uint8Array(control.buffer));
}
// struct mfcctl: origin, group, where it comes in, the TTL above which it goes out, for each of 32
const entry = new Uint8Array(60);
entry.set(inetPton(source) ?? [], 0);
entry.set(inetPton(group) ?? [], 4);
entry[10 + 1] = 1;
setOption(fd, IPPROTO_IP, MRT_ADD_MFC, entry);
// deno-lint-ignore no-console -- the test waits for it
console.log("routing");
await new Promise((resolve) => setTimeout(resolve, 60_000));
