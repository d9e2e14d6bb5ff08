import { assertEquals } from "@std/assert";
import { serviceNames, servicePort } from "../../../lib/address/ports.ts";
import { schemeWords } from "../../../lib/address/schemes.ts";

Deno.test("services stand for their ports, in any case", () => {
  assertEquals(servicePort("echo"), 7);
  assertEquals(servicePort("Https"), 443);
  assertEquals(servicePort("nosuch"), undefined);
  assertEquals(servicePort("constructor"), undefined);
});

Deno.test("service names are as RFC 6335 section 5.1 has them, each with a port of its own", () => {
  const ports = serviceNames.map((name) => servicePort(name) ?? 0);
  assertEquals(new Set(ports).size, ports.length);
  for (const name of serviceNames) {
    assertEquals(/^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && name.length <= 15, true, name);
  }
});

Deno.test("services agree with this machine's registry where it has one", () => {
  let text: string;
  try {
    text = Deno.readTextFileSync("/etc/services");
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return;
    throw thrown;
  }
  for (const [, name = "", port] of text.matchAll(/^([a-z0-9-]+)\s+(\d+)\/(?:tcp|udp)/gm)) {
    const ours = servicePort(name);
    if (ours !== undefined) assertEquals(ours, Number(port), name);
  }
});

Deno.test("no scheme is as long as what the parser does not look up", () => {
  assertEquals(schemeWords.every((word) => word.length <= 11), true);
});
