import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatAddress } from "../../../lib/address/format.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import { parsePermit } from "../../../lib/address/permit.ts";
import { AddressError } from "../../../lib/core/error.ts";

function allows(permit: string, text: string): boolean {
  return parsePermit(permit).allows(parseAddress(text));
}

Deno.test("a permit is an address in its one form, however either is written", () => {
  for (
    const [permit, asked] of [
      ["tcp://db:5432", "tcp://db:5432"],
      ["tcp://DB:5432", "tcp://db:5432"],
      ["db:5432", "tcp://db:postgresql"],
      ["tcp://[0:0:0:0:0:0:0:1]:80", "tcp://[::1]:http"],
      ["listen::8080", "listen:tcp://:8080"],
      ["udp://10.0.0.1:53", "udp://10.0.0.1:53"],
      ["unix:/run/app%2Esock", "unix:/run/app.sock"],
      ["exec:ls -l *", "exec:ls -l *"],
      ["tcp://db:5432?nodelay=no", "tcp://db:5432?nodelay=no"],
      ["memory:x", "memory:x"],
      ["unix:/run/a%2Ab", "unix:/run/a*b"],
    ] as const
  ) assert(allows(permit, asked), `${permit} ${asked}`);
});

Deno.test("a permit is for nothing but what it says", () => {
  for (
    const [permit, asked] of [
      ["tcp://db:5432", "tcp://db:5433"],
      ["tcp://db:5432", "tcp://db.:5432"],
      ["tcp://db:5432", "tcp://db.example.com:5432"],
      ["tcp://db:5432", "udp://db:5432"],
      ["tcp://db:5432", "tcp://db:5432?bind=10.0.0.1"],
      ["tcp://db:5432?nodelay", "tcp://db:5432"],
      ["tcp://:8080", "listen:tcp://:8080"],
      ["listen:tcp://:8080", "listen:tcp://:8081"],
      ["listen:tcp://127.0.0.1:8080", "listen:tcp://:8080"],
      // Names are not resolved, and neither are the ways to write this machine.
      ["tcp://localhost:80", "tcp://127.0.0.1:80"],
      ["tcp://127.0.0.1:80", "tcp://[::ffff:127.0.0.1]:80"],
      ["unix:/run/x", "unix:/run/../run/x"],
      ["unix:/run/x", "unixgram:/run/x"],
      ["exec:ls", "exec:ls -l"],
      ["exec:ls", "sh:ls"],
      ["exec:ls", "exec:?cwd=/ ls"],
    ] as const
  ) assert(!allows(permit, asked), `${permit} ${asked}`);
});

Deno.test("a * is a whole host or a whole port, without options", () => {
  assert(allows("tcp://db:*", "tcp://db:1"));
  assert(allows("tcp://DB:*", "tcp://db:65535"));
  assert(allows("tcp://*:5432", "tcp://10.1.2.3:5432"));
  assert(allows("tcp://*:postgresql", "tcp://[::1]:5432"));
  assert(allows("udp://*:*", "udp://[fe80::1%eth0]:53"));
  assert(allows("tcp://[::1]:*", "tcp://[0::1]:80"));
  assert(allows("listen:tcp://*:8080", "listen:tcp://:8080"));
  assert(allows("listen:tcp://127.0.0.1:*", "listen:tcp://127.0.0.1:0"));

  assert(!allows("tcp://db:*", "tcp://db2:1"));
  assert(!allows("tcp://db:*", "udp://db:1"));
  assert(!allows("tcp://db:*", "tcp://db:1?nodelay"));
  assert(!allows("tcp://db:*", "listen:tcp://db:1"));
  assert(!allows("tcp://*:5432", "tcp://db:5433"));
  assert(!allows("tcp://*:*", "unix:/run/x"));
  assert(!allows("tcp://*:*", "exec:sh"));
  assert(!allows("tcp://[fe80::1%eth0]:*", "tcp://[fe80::1%eth1]:80"));
});

Deno.test("a * anywhere else is refused, and not taken for a name that is never asked for", () => {
  for (
    const text of [
      "tcp://*.example.com:80",
      "tcp://db*:80",
      "tcp://db:80*",
      "tcp://db:*?nodelay",
      "*:80",
      "unix:/run/*",
      "unixgram:/run/*.sock",
      "udp://10.0.0.*:53",
      "file:/srv/*",
    ]
  ) {
    const { message } = assertThrows(() => parsePermit(text), AddressError);
    assert(message.includes("a whole host or a whole port"), message);
  }
  for (const text of ["", "db", "tcp://db:*:1", "tcp://[zz]:*", "tcp://*:99999", "tls://db:*"]) {
    assertThrows(() => parsePermit(text), AddressError);
  }
});

Deno.test("a permit is shown in its one form, which reads as the same permit", () => {
  for (
    const [text, shown] of [
      ["DB:postgresql", "tcp://db:5432"],
      ["listen::8080", "listen:tcp://:8080"],
      ["TCP://DB:*", "tcp://db:*"],
      ["tcp://[0::1]:*", "tcp://[::1]:*"],
      ["udp://*:domain", "udp://*:53"],
      ["listen:tcp://*:*", "listen:tcp://*:*"],
    ] as const
  ) {
    assertEquals(parsePermit(text).text, shown);
    assertEquals(parsePermit(shown).text, shown);
  }
});

Deno.test("property: any text is a permit or an AddressError, and a permit allows itself", () => {
  const part = fc.constantFrom(
    "tcp://",
    "udp://",
    "listen:",
    "*",
    ":",
    "db",
    "80",
    "[::1]",
    "?a",
    "%2A",
    "exec:",
    "unix:",
    "/x",
  );
  const text = fc.oneof(fc.string(), fc.array(part, { maxLength: 8 }).map((all) => all.join("")));
  fc.assert(
    fc.property(text, (text) => {
      let permit;
      try {
        permit = parsePermit(text);
      } catch (thrown) {
        assert(thrown instanceof AddressError);
        return;
      }
      assertEquals(parsePermit(permit.text).text, permit.text);
      if (/^(listen:)?(tcp|udp):.*[*]/.test(permit.text)) return;
      const address = parseAddress(permit.text);
      assertEquals(
        formatAddress(address).replaceAll("%2A", "*"),
        permit.text.replaceAll("%2A", "*"),
      );
      assert(permit.allows(address));
    }),
    { numRuns: 500 },
  );
});
