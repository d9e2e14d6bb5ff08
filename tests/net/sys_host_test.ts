/** The host of a process, seen from outside: its standard streams and its terminal. */

import { assertEquals } from "@std/assert";

const host = new URL("../../lib/sys/host.ts", import.meta.url).href;
const libc = new URL("../../lib/sys/libc.ts", import.meta.url).href;

/** Starts a program that has `host` in scope. */
function start(body: string, options: Deno.CommandOptions = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: programArguments(body),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).spawn();
}

function programArguments(body: string): string[] {
  const program = `import { denoHost } from "${host}"; import { libc } from "${libc}";
    const host = denoHost(); const { stdio } = host; ${body}`;
  const script = `data:application/typescript,${encodeURIComponent(program)}`;
  return ["run", "--quiet", "--no-config", "--allow-all", script];
}

async function read(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}

Deno.test("the end of standard output reaches its reader while the process goes on", async () => {
  await using child = start(
    `await stdio.write(new TextEncoder().encode("all of it")); stdio.closeOutput();
     stdio.closeOutput(); await stdio.read(new Uint8Array(1)); host.writeError("still there");
     try { await stdio.write(new Uint8Array(1)); } catch (e) { host.writeError(e.kind + e.code); }`,
    { stdin: "piped" },
  );
  assertEquals(await read(child.stdout), "all of it"); // its input is still open: no exit behind it
  await child.stdin.close();
  assertEquals(await read(child.stderr), "still there\nbrokenEPIPE\n");
  assertEquals((await child.status).code, 0);
});

Deno.test("nothing printed later gets into a file that is opened after the end of output", async () => {
  const path = await Deno.makeTempFile();
  try {
    await using child = start(
      `stdio.closeOutput(); await new Promise((resolve) => setTimeout(resolve, 100));
       const file = Deno.openSync("${path}", { write: true }); console.log("stray"); file.close();`,
    );
    assertEquals([await read(child.stdout), await read(child.stderr)], ["", ""]);
    assertEquals(await Deno.readTextFile(path), "");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("the end of output leaves a standard error on the same pipe alone", async () => {
  const body = `stdio.closeOutput(); await new Promise((resolve) => setTimeout(resolve, 100));
    host.writeError("still heard");`;
  const command = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" "$@" 2>&1', Deno.execPath(), ...programArguments(body)],
  });
  assertEquals(new TextDecoder().decode((await command.output()).stdout), "still heard\n");
});

Deno.test("a reader that has gone is a broken write with EPIPE", async () => {
  await using child = start(
    `try { for (;;) await stdio.write(new Uint8Array(65536)); }
     catch (e) { host.writeError(e.message); }`,
  );
  await child.stdout.cancel();
  assertEquals(await read(child.stderr), "write -: broken pipe (EPIPE)\n");
});

Deno.test("a full non-blocking output is waited for, and all of it arrives", async () => {
  await using child = start(
    `libc().fcntl(1, 4, 0o4000); const block = new Uint8Array(1 << 20).fill(120);
     host.writeError("ready"); for (let i = 0; i < 3; i++) await stdio.write(block);`,
  );
  const errors = read(child.stderr);
  await new Promise((resolve) => setTimeout(resolve, 100)); // the pipe is full meanwhile
  assertEquals((await read(child.stdout)).length, 3 << 20);
  assertEquals(await errors, "ready\n");
});

Deno.test("a full disk behind standard output is a local write error", async () => {
  const args = ["-c", 'exec "$0" "$@" >/dev/full', Deno.execPath()];
  const body = `try { await stdio.write(new Uint8Array(1)); }
    catch (e) { host.writeError(e.kind + " " + e.code); }`;
  const command = new Deno.Command("sh", { args: [...args, ...programArguments(body)] });
  const { stderr } = await command.output();
  assertEquals(new TextDecoder().decode(stderr), "local-write ENOSPC\n");
});

Deno.test("writing to a standard error that has gone never throws", async () => {
  await using child = start(
    `await stdio.read(new Uint8Array(1)); host.writeError("nobody"); host.writeError("reads");
     await stdio.write(new TextEncoder().encode("fine"));`,
    { stdin: "piped" },
  );
  await child.stderr.cancel();
  await child.stdin.close();
  assertEquals(await read(child.stdout), "fine");
  assertEquals((await child.status).code, 0);
});

/**
 * A program that says "ready", waits for SIGHUP and reports to a file what it thinks of its
 * terminal; the standard streams have gone by then.
 */
const reporter = `
  const stop = host.onSignal("SIGHUP", () => {
    Deno.writeTextFileSync(Deno.args[0] + ".part", String(host.terminalGone()));
    Deno.renameSync(Deno.args[0] + ".part", Deno.args[0]);
    stop();
    host.exit(0);
  });
  host.writeError("ready " + host.terminalGone());
  setInterval(() => {}, 1000);`;

async function withReport(
  then: (path: string, script: string, report: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const script = `${directory}/reporter.ts`;
    const imports = `import { denoHost } from "${host}"; const host = denoHost();`;
    await Deno.writeTextFile(script, imports + reporter);
    const path = `${directory}/report`;
    await then(path, script, async () => {
      for (let turn = 0; turn < 500; turn++) {
        try {
          return await Deno.readTextFile(path);
        } catch (thrown) {
          if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error("no report in five seconds");
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Reads until "ready ..." has come. */
async function readyLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (/ready \w+/.test(text)) break;
  }
  return text.trim();
}

Deno.test("a terminal that was hung up has gone", () =>
  withReport(async (path, script, report) => {
    const run = `${Deno.execPath()} run --quiet --no-config --allow-all ${script} ${path}`;
    await using socat = new Deno.Command("socat", {
      args: ["-", `EXEC:${run},pty,setsid,ctty,stderr`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    assertEquals(await readyLine(socat.stdout), "ready false");
    socat.kill("SIGKILL"); // at an end in order, socat would end the program first
    assertEquals(await report(), "true");
    await socat.stdin.abort();
  }));

Deno.test("a process that never had a terminal has not lost one", () =>
  withReport(async (path, script, report) => {
    await using child = new Deno.Command("setsid", {
      args: [Deno.execPath(), "run", "--quiet", "--no-config", "--allow-all", script, path],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    assertEquals(await readyLine(child.stderr), "ready false");
    child.kill("SIGHUP"); // setsid(1) execs: it has the same pid
    assertEquals(await report(), "false");
  }));

Deno.test("an end of output that fails does not end the process", async () => {
  const output = new URL("../../lib/sys/standard_output.ts", import.meta.url).href;
  // Without a descriptor left nobody can look which of them are standard output.
  const body = `await import("${output}"); const held = [];
    try { for (;;) held.push(Deno.openSync("/dev/null")); } catch { stdio.closeOutput(); }
    await new Promise((resolve) => setTimeout(resolve, 100));
    host.writeError("still there");`;
  const command = new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 100; exec "$@"', "sh", Deno.execPath(), ...programArguments(body)],
  });
  const { code, stderr } = await command.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, "still there\n"]);
});
