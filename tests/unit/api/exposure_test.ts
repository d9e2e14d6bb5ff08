import { assertEquals, assertThrows } from "@std/assert";
import { splitForward } from "../../../lib/address/forward.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import { parsePermit } from "../../../lib/address/permit.ts";
import { refuseForwards, refusePermits } from "../../../lib/api/exposure.ts";
import { refuseRelay } from "../../../lib/api/relay.ts";
import { NetError } from "../../../lib/core/error.ts";

const relayed = (a: string, b: string, isPublic = false) =>
  refuseRelay(parseAddress(a), parseAddress(b), isPublic);

for (
  const open of [
    "listen:tcp://0.0.0.0:0",
    "listen:tcp://:0",
    "listen:tcp://192.0.2.1:80",
    "listen:tcp://example.org:80",
    // A name, whatever it begins with: it may lead anywhere.
    "listen:tcp://127.10.0.0.1.example.org:80",
    "listen:udp://[::]:0",
    // Where an inherited socket listens is known too late to refuse it.
    "listen:fd:3",
  ]
) {
  Deno.test(`${open} shows no exec or sh without --public, on either side`, () => {
    for (const acting of ["exec:cat", "sh:cat"]) {
      for (const [a, b] of [[open, acting], [acting, open]] as const) {
        const error = assertThrows(() => relayed(a, b), NetError, "open to other machines");
        assertEquals(error.kind, "exposure");
        relayed(a, b, true);
      }
    }
  });
}

Deno.test("a link shows no exec or sh to other machines without --public, permitted or forwarded", () => {
  const refuse = (open: string, isPublic: boolean) => {
    for (const acting of ["exec:cat", "sh:cat *"]) {
      refusePermits(parseAddress(open), [parsePermit("tcp://*:*"), parsePermit(acting)], isPublic);
      refuseForwards([splitForward(`${open}=${acting}`)], isPublic);
    }
  };
  const pair = (open: string) => [splitForward(`${open}=exec:cat`)];
  const open = "listen:tcp://:0";
  assertThrows(
    () => refusePermits(parseAddress(open), [parsePermit("sh:*")], false),
    NetError,
    "sh",
  );
  assertThrows(() => refuseForwards(pair(open), false), NetError, "exec would be open");
  refuse(open, true);
  for (const near of ["listen:tcp://127.0.0.1:0", "listen:unix:/x"]) refuse(near, false);
  refusePermits(parseAddress(open), [parsePermit("tcp://*:*"), parsePermit("unix:/x")], false);
  refuseForwards([splitForward(`${open}=tcp://sh:1`)], false);
});

Deno.test("loopback and Unix sockets may show exec", () => {
  for (const near of ["tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp://localhost:0", "unix:/x"]) {
    relayed(`listen:${near}`, "exec:cat");
  }
});

Deno.test("what does not act on this machine may be open", () => {
  relayed("listen:tcp://:0", "unix:/x");
});
