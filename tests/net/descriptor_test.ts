/** fd: descriptors that a program has inherited, tested in programs that inherit them. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";

const module = (path: string) => new URL(`../../${path}`, import.meta.url).href;
const config = new URL("../../deno.json", import.meta.url).pathname;

/** Opens fd:N in a program of its own and copies: what it reads goes to standard output. */
const program = `
import { connectWith, readAll, writeText } from "${module("tests/support/open_transport.ts")}";
import { descriptorTransport } from "${module("lib/transport/descriptor.ts")}";
const [fd, action] = Deno.args;
try {
  const session = await connectWith(descriptorTransport, "fd:" + fd);
  if (action !== "read") {
    await writeText(session, "written");
    await session.closeWrite();
  }
  if (action !== "write") console.log(await readAll(session));
  await session[Symbol.asyncDispose]();
  console.log(JSON.stringify(session.traits));
} catch (error) {
  console.log(error.message);
}
`;

/** Runs a shell text in which $P opens a descriptor. */
async function run(text: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, program);
    const command = `${Deno.execPath()} run -A --quiet --no-check --config ${config} ${file}`;
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", `p() { ${command} "$@"; }; ${text}`],
      signal: AbortSignal.timeout(20_000),
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("fd reads an inherited pipe to its end, also one that ended before", async () => {
  const slow = await run("p 3 read 3< <(sleep 0.3; echo piped)");
  assertStringIncludes(slow, "piped\n");
  assertStringIncludes(slow, '"readOnly":true');
  assertStringIncludes(await run("p 3 read 3< <(echo early)"), "early\n");
});

Deno.test("fd writes an inherited pipe, whose reader sees the end", async () => {
  const output = await run("{ p 3 write 3>&1 >/dev/null; } | cat");
  assertEquals(output, "written");
});

Deno.test("fd takes the place in a file over, and appends where the file does", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "first\nsecond\n");
    const text = await run(`exec 3<${file}; read -r -u 3 line; p 3 read`);
    assertStringIncludes(text, "second\n");
    await run(`p 3 write 3>>${file}`);
    assertEquals(await Deno.readTextFile(file), "first\nsecond\nwritten");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("fd uses an inherited stream socket both ways", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using conn = await listener.accept();
    const buffer = new Uint8Array(100);
    let got = "";
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) break;
      got += new TextDecoder().decode(buffer.subarray(0, count));
    }
    await conn.write(new TextEncoder().encode(`reply to ${got}`));
  })();
  const output = await run(`p 3 both 3<>/dev/tcp/127.0.0.1/${listener.addr.port}`);
  await serving;
  listener.close();
  assertStringIncludes(output, "reply to written");
});

Deno.test("fd refuses what is not open and what the runtime itself has opened", async () => {
  assertStringIncludes(await run("p 1000 read"), "no such descriptor is open (EBADF)");
  assertStringIncludes(await run("p 5 read"), "this descriptor was not inherited");
});

Deno.test("fd delivers what waits to be written when its peer has ended its sending", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const size = 4 * 1024 * 1024;
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, new Uint8Array(size).fill(120));
  const serving = (async () => {
    using conn = await listener.accept();
    await conn.closeWrite(); // its end comes while most of ours waits for room
    await new Promise((resolve) => setTimeout(resolve, 300));
    let got = 0;
    for await (const chunk of conn.readable) got += chunk.length;
    return got;
  })();
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const relay =
    `${Deno.execPath()} run -A --quiet --config ${config} ${main} relay file:${file} fd:3`;
  try {
    await run(`exec 3<>/dev/tcp/127.0.0.1/${listener.addr.port}; ${relay}`);
    assertEquals(await serving, size);
  } finally {
    listener.close();
    await Deno.remove(file);
  }
});
