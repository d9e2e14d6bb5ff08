import "../support/libc.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { type CommandContext, flagsOf } from "../../lib/cli/command.ts";
import { makeResolver } from "../../lib/cli/dns_resolver.ts";
import { readDnsSubject } from "../../lib/cli/dns_subject.ts";
import { ErrorOutput } from "../../lib/cli/error_output.ts";
import { Flags } from "../../lib/cli/flag.ts";
import { Output } from "../../lib/cli/output.ts";
import { commands } from "../../lib/cli/table.ts";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import type { Host } from "../../lib/core/host.ts";
import { denoHost } from "../../lib/sys/host.ts";

/** A machine with these files, and what was printed on it. */
function machine(files: Readonly<Record<string, string>>): {
  session: CommandContext;
  printed: () => string;
} {
  let printed = "";
  const real = denoHost();
  const host: Host = {
    ...real,
    stdio: {
      ...real.stdio,
      write: (chunk) => {
        printed += new TextDecoder().decode(chunk);
        return Promise.resolve();
      },
    },
    readTextFile: (path) => {
      const text = files[path];
      if (text !== undefined) return Promise.resolve(text);
      const message = "no such file or directory";
      return Promise.reject(
        new NetError({ kind: "not-found", op: "read", address: path, message }),
      );
    },
  };
  const row = commands.find(({ name }) => name === "dns");
  if (row === undefined) throw new Error("no dns command");
  const session: CommandContext = {
    row,
    commands,
    flags: new Flags([], flagsOf(row)),
    host,
    context: makeContext(),
    output: new Output(host.stdio, false),
    errors: new ErrorOutput(host),
    ports: { stdio: host.stdio },
  };
  return { session, printed: () => printed };
}

/** Nobody answers on port 53 of this loopback address. */
const deaf = { "/etc/resolv.conf": "nameserver 127.53.53.53\noptions timeout:1 attempts:1\n" };

Deno.test("where no server answers, the system's resolver is asked, and named", async () => {
  const { session, printed } = machine(deaf);
  const resolver = await makeResolver(session, session.context);
  assertEquals(await resolver.report(readDnsSubject("localhost")), null);
  assertMatch(printed(), /^ {2}no server answered: udp:\/\/127\.53\.53\.53:53 /m);
  assertMatch(printed(), /^localhost +system +[\d.]+ ms\n +(127\.0\.0\.1|::1)\n/m);
});

Deno.test("the hosts file comes before any server, and is looked up without case", async () => {
  const { session, printed } = machine({ ...deaf, "/etc/hosts": "192.0.2.9 Nine.Test nine\n" });
  const resolver = await makeResolver(session, session.context);
  assertEquals(await resolver.report(readDnsSubject("NINE.test.")), null);
  assertEquals(await resolver.report(readDnsSubject("192.0.2.9")), null);
  assertMatch(
    printed(),
    /^NINE\.test +\/etc\/hosts .*\n +192\.0\.2\.9\n192\.0\.2\.9 +\/etc\/hosts/,
  );
  assertMatch(printed(), / Nine\.Test\n +nine\n$/);
});

Deno.test("an address that no server knows is not given to the system's resolver", async () => {
  const { session, printed } = machine(deaf);
  const resolver = await makeResolver(session, session.context);
  const failure = await resolver.report(readDnsSubject("192.0.2.9"));
  assertEquals(failure?.kind, "resolve");
  assertEquals(printed().includes("system"), false);
});
