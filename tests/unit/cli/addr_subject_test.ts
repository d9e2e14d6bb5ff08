import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readAddrSubject } from "../../../lib/cli/addr_subject.ts";
import { reportAddress } from "../../../lib/cli/addr_report.ts";
import { addrText } from "../../../lib/cli/addr_text.ts";
import { NetError } from "../../../lib/core/error.ts";
import { inetNtop } from "../../../lib/wire/inet.ts";

/** The subject in short: host%zone/length:port, with ~ for an old spelling. */
function short(text: string): string {
  const subject = readAddrSubject(text);
  if (subject.kind === "port") return `:${subject.port}`;
  if (subject.kind === "unix") return subject.path;
  const { bytes, zone, prefixLength, port, legacy } = subject;
  const host = inetNtop(bytes) + (zone === undefined ? "" : `%${zone}`);
  return (legacy === undefined ? "" : "~") + host +
    (prefixLength === undefined ? "" : `/${prefixLength}`) + (port === undefined ? "" : ` ${port}`);
}

Deno.test("every spelling of an address is read as what it means", () => {
  const known: Readonly<Record<string, string>> = {
    "1.2.3.4": "1.2.3.4",
    "1.2.3.4:http": "1.2.3.4 80",
    "::1": "::1",
    "[::1]": "::1",
    "[::1]:80": "::1 80",
    "fd::1": "fd::1",
    "fe80::1%eth0": "fe80::1%eth0",
    "[fe80::1%25eth0]:9": "fe80::1%eth0 9",
    "fe80::1%25": "fe80::1%25",
    "fe80::1%eth0/64": "fe80::1%eth0/64",
    "10.0.0.0/8": "10.0.0.0/8",
    "10.0.0.0/0.0.0.0": "10.0.0.0/0",
    "2001:db8::/32": "2001:db8::/32",
    "127.1": "~127.0.0.1",
    "127.1:80": "~127.0.0.1 80",
    "127.1/8": "~127.0.0.1/8",
    "65536": "~0.1.0.0",
    "65535": ":65535",
    "0x50": "~0.0.0.80",
    ":ssh": ":22",
    "listen::8080": ":8080",
    "listen:udp://[::]:53": ":: 53",
    "tcp://1.2.3.4:80": "1.2.3.4 80",
    "unix:/a b": "/a b",
    "unixgram:rel": "rel",
    "/run/x": "/run/x",
    "./x": "./x",
    "@name": "\0name",
    "unix:@name": "\0name",
  };
  for (const [text, meant] of Object.entries(known)) assertEquals(short(text), meant, text);
});

Deno.test("any text is shown or refused by a NetError of exit status 2", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[0-9a-fx:.%/@[\]]{0,30}$/),
    fc.webUrl(),
  );
  fc.assert(
    fc.property(text, (text) => {
      try {
        const shown = addrText(reportAddress(text, readAddrSubject(text), () => 0));
        // deno-lint-ignore no-control-regex -- nothing that a terminal obeys may be in it
        assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(shown), shown);
      } catch (thrown) {
        assert(thrown instanceof NetError, String(thrown));
        assert(["usage", "address", "option"].includes(thrown.kind), thrown.message);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a megabyte of anything is refused in linear time", () => {
  for (const piece of [":", ".", "/", "%", "[", "a", "1", "0x1.", "a.", "@", "fe80::"]) {
    assertThrows(() => readAddrSubject(piece.repeat(1_000_000 / piece.length)), NetError);
  }
});
