/** What holds for every address and every text. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import { formatAddress } from "../../../lib/address/format.ts";
import { formatIpv6, ipv6Groups, takesZone } from "../../../lib/address/ip.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import { splitForward } from "../../../lib/address/forward.ts";
import { scanWords, splitWords } from "../../../lib/address/words.ts";
import type { Address, AddressOption, ScriptStep } from "../../../lib/core/address.ts";
import { AddressError } from "../../../lib/core/error.ts";

/** Characters that the grammar looks at, and a few that it should not. */
const special = [..."listen:tcpudxfgrmhk/?&=%@[]#'\"\\+-_. \t\n0125\u00e9\u20ac\u{1f600}\u2028"];

/** Well-formed text without NUL, leaning to what is special. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...special) }),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }).map((s) => s.replaceAll("\0", "").toWellFormed()),
);
const someText = text.filter((s) => s !== "");
const bytesOf = (s: string) => new TextEncoder().encode(s).length;

const optionName = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/).filter((name) =>
  name !== "interface"
);
const options: fc.Arbitrary<AddressOption[]> = fc.tuple(
  fc.uniqueArray(
    fc.record({ name: optionName, value: fc.option(text) }),
    { maxLength: 5, selector: ({ name }) => name },
  ),
  fc.array(fc.record({ name: fc.constant("join"), value: text }), { maxLength: 2 }),
).map(([once, joins]) => [...once.filter(({ name }) => name !== "join"), ...joins]);

const name = fc.stringMatching(/^[a-z_](?:[a-z0-9_-]{0,8}[a-z0-9])?(?:\.[a-z]{1,5})?\.?$/);
const ipv6 = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => formatIpv6(groups));
const linkLocal = fc.tuple(fc.constantFrom("fe80", "ff02", "ff31"), fc.nat(0xffff))
  .map(([head, tail]) => formatIpv6([parseInt(head, 16), 0, 0, 0, 0, 0, 0, tail]));
const zone = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9._~-]{1,15}$/),
  fc.stringMatching(/^25[A-Za-z0-9]{0,5}$/),
);
const host: fc.Arbitrary<{ host: string; zone?: string }> = fc.oneof(
  fc.record({ host: fc.oneof(fc.constant(""), name, ipv6, fc.ipV4()) }),
  fc.record({ host: linkLocal, zone }),
);

const inet: fc.Arbitrary<Address> = fc.record({
  scheme: fc.constantFrom("tcp" as const, "udp" as const),
  passive: fc.boolean(),
  host,
  port: fc.nat(65535),
  options,
}).map(({ host, port, ...rest }) => ({ ...rest, ...host, port: rest.passive ? port : port || 1 }));

const socketPath: fc.Arbitrary<Address> = fc.record({
  scheme: fc.constantFrom("unix" as const, "unixgram" as const),
  passive: fc.boolean(),
  path: someText.filter((path) => bytesOf(path) <= 107),
  abstract: fc.boolean(),
  options,
}).map(({ abstract, ...rest }) => abstract ? { ...rest, abstract } : rest);

const path: fc.Arbitrary<Address> = fc.oneof(
  fc.record({
    scheme: fc.constant("file" as const),
    passive: fc.constant(false),
    path: someText,
    options,
  }),
  fc.record({
    scheme: fc.constant("fifo" as const),
    passive: fc.boolean(),
    path: fc.oneof(someText, someText.map((rest) => `//${rest}`)),
    options,
  }),
);

const command: fc.Arbitrary<Address> = fc.record({
  scheme: fc.constantFrom("exec" as const, "sh" as const),
  passive: fc.constant(false),
  command: fc.oneof(someText, someText.map((rest) => `?${rest}`)),
  options,
}).filter(({ scheme, command }) => {
  const words = scanWords(command);
  return command.trim() !== "" && (scheme === "sh" || (Array.isArray(words) && words[0] !== ""));
}).filter(({ command, scheme }) => scheme === "sh" || splitWords(command).length > 0);

const passiveNot = { passive: fc.constant(false), options };
const bytes = fc.uint8Array().map((array) => String.fromCharCode(...array));
const step: fc.Arbitrary<ScriptStep> = fc.oneof(
  fc.record({ step: fc.constantFrom("send" as const, "expect" as const), bytes }),
  fc.record({
    step: fc.constant("wait" as const),
    durationMs: fc.nat().map((micros) => micros / 1e3),
  }),
  fc.record({ step: fc.constantFrom("close" as const, "abort" as const, "end" as const) }),
);

const address: fc.Arbitrary<Address> = fc.oneof(
  inet,
  socketPath,
  path,
  command,
  fc.record({ scheme: fc.constant("stdio" as const), ...passiveNot }),
  fc.record({
    scheme: fc.constant("fd" as const),
    descriptor: fc.nat(2 ** 31 - 1),
    ...passiveNot,
  }),
  fc.record({
    scheme: fc.constant("memory" as const),
    name: someText,
    passive: fc.boolean(),
    options,
  }),
  fc.record({
    scheme: fc.constant("script" as const),
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
    ...passiveNot,
  }),
);

Deno.test("parse(format(a)) equals a, for every scheme", () => {
  fc.assert(
    fc.property(address, (address) => {
      assertEquals(parseAddress(formatAddress(address)), address);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("what is printed is one line without control characters, but for commands", () => {
  fc.assert(fc.property(address, (address) => {
    fc.pre(address.scheme !== "exec" && address.scheme !== "sh");
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    assertEquals(/[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(formatAddress(address)), false);
  }));
});

/** Text that looks like an address: pieces that are legal somewhere, in any order. */
const nearly = fc.array(
  fc.oneof(
    fc.constantFrom(
      ..."listen: tcp:// udp: unix: unixgram: exec: sh: fd: file: fifo: memory: script: - stdio:"
        .split(" "),
      ..."[ ] :: fe80::1 %25 %eth0 127.0.0.1 0x7f ? & = join= %41 %zz %ff ' \" \\ @ // host :80 :0"
        .split(" "),
      ..."send= expect= wait=5ms close interface= http \u00e9 \ud800 \0".split(" "),
    ),
    fc.string({ unit: "binary", maxLength: 3 }),
  ),
  { maxLength: 8 },
).map((pieces) => pieces.join(""));

/** Any UTF-16, halves of pairs included. */
const units = fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes));

/** Any bytes, as text: each byte a character, as a careless reader makes them. */
const anyText = fc.oneof(nearly, fc.string({ unit: "binary" }), units, bytes);

Deno.test("any text is an address, and printing it is idempotent; or an error that points at it", () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom("active", "passive", undefined), (text, side) => {
      const expect = side === undefined ? {} : { side } as const;
      let address: Address;
      try {
        address = parseAddress(text, expect);
      } catch (thrown) {
        assertInstanceOf(thrown, AddressError);
        assertEquals(Number.isInteger(thrown.offset), true);
        assertEquals(thrown.offset >= 0 && thrown.offset <= text.length, true, thrown.message);
        // deno-lint-ignore no-control-regex -- control characters are what is looked for
        assertEquals(/[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(thrown.message), false, thrown.message);
        return;
      }
      const printed = formatAddress(address);
      assertEquals(parseAddress(printed), address);
      assertEquals(formatAddress(parseAddress(printed)), printed);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("any text splits into a forward, or is an AddressError", () => {
  fc.assert(fc.property(anyText, anyText, (a, b) => {
    try {
      splitForward(`${a}=tcp:${b}`);
    } catch (thrown) {
      assertInstanceOf(thrown, AddressError);
    }
  }));
});

Deno.test("an address with a zone is one that takes it", () => {
  fc.assert(fc.property(ipv6, (host) => {
    let taken = true;
    try {
      parseAddress(`[${host}%lo]:1`);
    } catch (thrown) {
      assertInstanceOf(thrown, AddressError);
      taken = false;
    }
    assertEquals(taken, takesZone(ipv6Groups(host) ?? []));
  }));
});
