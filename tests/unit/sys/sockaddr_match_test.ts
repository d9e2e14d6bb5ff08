import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { sockaddrMatcher } from "../../../lib/sys/sockaddr_match.ts";
import { encodeSockaddr, type SocketAddress } from "../../../lib/wire/sockaddr.ts";

const inet = (host: string, port: number): SocketAddress => ({ family: "inet", host, port });
const inet6 = (host: string, port: number, scope = 0, flow = 0): SocketAddress => {
  return { family: "inet6", host, port, scope, flow };
};
const unix = (path: string): SocketAddress => ({ family: "unix", path });

/** What the kernel would leave behind in the shared buffer after a longer name. */
function dirty(name: Uint8Array): Uint8Array {
  const storage = new Uint8Array(128).fill(0xa5);
  storage.set(name);
  return storage;
}

function matches(wanted: SocketAddress, kernel: SocketAddress): boolean {
  const name = encodeSockaddr(kernel);
  return sockaddrMatcher(encodeSockaddr(wanted))(dirty(name), name.length);
}

Deno.test("the same end matches, another port or host does not", () => {
  assert(matches(inet("127.0.0.1", 80), inet("127.0.0.1", 80)));
  assert(!matches(inet("127.0.0.1", 80), inet("127.0.0.1", 81)));
  assert(!matches(inet("127.0.0.1", 80), inet("127.0.0.2", 80)));
  assert(matches(inet6("::1", 80), inet6("::1", 80)));
  assert(!matches(inet6("::1", 80), inet6("::2", 80)));
  assert(!matches(inet6("::1", 80), inet("0.0.0.1", 80)));
});

Deno.test("an IPv4 address matches its IPv4-mapped form, both ways", () => {
  assert(matches(inet("127.0.0.1", 80), inet6("::ffff:127.0.0.1", 80)));
  assert(matches(inet6("::ffff:127.0.0.1", 80), inet("127.0.0.1", 80)));
  assert(!matches(inet("127.0.0.1", 80), inet6("::127.0.0.1", 80)));
});

Deno.test("scopes are compared only where both sides name one, flow labels never", () => {
  assert(matches(inet6("fe80::1", 80), inet6("fe80::1", 80, 3)));
  assert(matches(inet6("fe80::1", 80, 3), inet6("fe80::1", 80, 3, 77)));
  assert(!matches(inet6("fe80::1", 80, 2), inet6("fe80::1", 80, 3)));
});

Deno.test("Unix paths end at NUL, abstract names are exact, unnamed is only itself", () => {
  assert(matches(unix("/run/x"), unix("/run/x")));
  assert(!matches(unix("/run/x"), unix("/run/xy")));
  assert(!matches(unix("/run/xy"), unix("/run/x")));
  assert(matches(unix("\0name"), unix("\0name")));
  assert(!matches(unix("\0name"), unix("\0name\0")));
  assert(matches(unix(""), unix("")));
  assert(!matches(unix(""), unix("x")));
  assert(!matches(unix("/run/x"), inet("1.2.3.4", 5)));
});

Deno.test("no bytes make a matcher throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 130 }), fc.uint8Array(), (wanted, name) => {
    assertEquals(typeof sockaddrMatcher(wanted)(dirty(name), name.length), "boolean");
  }));
});
