import { assertEquals } from "@std/assert";
import { holderAmong } from "../../../lib/transport/holder.ts";
import { type InetSocketRow, parseInetSockets } from "../../../lib/wire/procnet.ts";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid";

/** A line of /proc/net/tcp on 127.0.0.1 or 0.0.0.0, port 8080. */
function row(state: string, inode: number, host = "0100007F"): string {
  return `   0: ${host}:1F90 0100007F:C001 ${state} 00000000:00000000 00:00000000 00000000  33` +
    `        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
}

function rows(...lines: string[]): InetSocketRow[] {
  return parseInetSockets("tcp", [head, ...lines].join("\n"));
}

const wanted = { scheme: "tcp", host: "127.0.0.1", port: 8080 } as const;
const nginx = (inodes: ReadonlySet<number>) => {
  return new Map(inodes.has(77) ? [[77, { pid: 812, process: "nginx" }]] : []);
};
const nobody = () => new Map();
const [established, timeWait, listen] = ["01", "06", "0A"] as const;

Deno.test("the process that listens is named", () => {
  const all = rows(row(listen, 77), row(established, 78));
  assertEquals(holderAmong(all, wanted, nginx), "held by nginx[812]");
});

Deno.test("a listener on every address is in the way of one address, and the other way round", () => {
  assertEquals(holderAmong(rows(row(listen, 77, "00000000")), wanted, nginx), "held by nginx[812]");
  const any = { ...wanted, host: "" };
  assertEquals(holderAmong(rows(row(listen, 77)), any, nginx), "held by nginx[812]");
});

Deno.test("connections that only wait to be forgotten are counted", () => {
  const all = rows(row(timeWait, 0), row(timeWait, 0), row(timeWait, 0));
  assertEquals(holderAmong(all, wanted, nobody), "3 in TIME_WAIT");
});

Deno.test("a holder that may not be looked at is known by its user", () => {
  assertEquals(
    holderAmong(rows(row(listen, 77)), wanted, nobody),
    "held by a process of user id 33",
  );
});

Deno.test("other ports and addresses are not in the way", () => {
  const other = { ...wanted, host: "127.0.0.2" };
  assertEquals(holderAmong(rows(row(listen, 77)), other, nginx), null);
  assertEquals(holderAmong(rows(row(listen, 77)), { ...wanted, port: 8081 }, nginx), null);
});
