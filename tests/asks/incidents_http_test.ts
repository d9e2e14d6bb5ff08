/**
 * "Incidents and their lessons" of shared/design/asks.md, as far as they are about HTTP: bytes from
 * a foreign hand against `serve http` and `watch --web`.
 */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { cpuMs, wholeAnswer } from "../support/clients.ts";
import { testFolder } from "../support/folder.ts";
import { run, type RunningProcess, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A site of one page, with a link out of it and a file that is hidden, beside a secret. */
async function withSite(
  flags: readonly string[],
  work: (address: string, server: RunningProcess) => Promise<void>,
): Promise<void> {
  await using folder = await testFolder();
  const site = folder.file("site");
  await Deno.mkdir(site);
  await Deno.writeTextFile(`${site}/index.html`, "home");
  await Deno.writeTextFile(`${site}/.hidden`, "secret");
  await Deno.writeTextFile(folder.file("secret"), "secret");
  await Deno.symlink("../secret", `${site}/link`);
  await using server = startPlumb(["serve", "http", site, "tcp://127.0.0.1:0", ...flags]);
  const [address = ""] = await server.listening();
  await work(address, server);
}

/** Sends raw bytes and reads all that comes until the server ends the connection. */
async function answerTo(address: string, ...parts: readonly string[]): Promise<string> {
  await using client = await connect(address);
  for (const part of parts) await client.write(bytes(part));
  return new TextDecoder().decode(await wholeAnswer(client));
}

/** How many answers, and the status of the first. */
function judged(text: string): [number, string | undefined] {
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+) /gm)].map((match) => match[1]);
  return [statuses.length, statuses[0]];
}

const last = "GET /api/time HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

Deno.test("libevent CVE-2016-10195: what two readers could end in two places is refused and ends", () => {
  const post = "POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n";
  const chunked = "Transfer-Encoding: chunked\r\n";
  const faulty = [
    `${post}Content-Length: 5\r\n${chunked}\r\n0\r\n\r\n`,
    `${post}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`,
    `${post}Content-Length: +4\r\n\r\nabcd`,
    `${post}Content-Length : 4\r\n\r\nabcd`,
    `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `${post.replace("1.1", "1.0")}Connection: keep-alive\r\n${chunked}\r\n0\r\n\r\n`,
    `${post}${chunked}\r\n0x4\r\nabcd\r\n0\r\n\r\n`,
    `${post}${chunked}\r\n4\nabcd\n0\n\n`,
    `${post}${chunked}\r\nFFFFFFFFFFFFFFFFF4\r\nabcd\r\n0\r\n\r\n`,
    "GET / HTTP/1.1\nHost: h\n\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
  ];
  return withSite([], async (address) => {
    const answers = await together(faulty.map((head) => answerTo(address, head + last)));
    for (const [at, text] of answers.entries()) {
      assertEquals(judged(text), [1, "400"], faulty[at]);
    }
    assertEquals(judged(await answerTo(address, last)), [1, "200"]);
  });
});

Deno.test("ws 8.17.1: headers are bounded in bytes, whether few are long or many are short", () => {
  const heads = [`X: ${"a".repeat(20_000)}\r\n`, "a:b\r\n".repeat(10_000)];
  return withSite([], async (address) => {
    for (const fields of heads) {
      const text = await answerTo(address, `GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
      assertEquals(judged(text), [1, "431"]);
    }
    assertEquals(judged(await answerTo(address, last)), [1, "200"]);
  });
});

Deno.test("tungstenite CVE-2023-43669: a head that comes byte by byte costs by its length alone", () => {
  return withSite([], async (address, server) => {
    const head = `${last.slice(0, -2)}X: ${"a".repeat(15_000)}\r\n\r\n`;
    const before = cpuMs(server.pid);
    assertEquals(judged(await answerTo(address, ...head)), [1, "200"]);
    // Looking at all of it again for each byte would be a hundred million of them.
    assert(cpuMs(server.pid) - before < 3_000, `${cpuMs(server.pid) - before} ms`);
  });
});

Deno.test("websocketd 0.5: slow heads are cut, and hold up nobody", () => {
  return withSite(["--limit", "header-time=400ms"], async (address) => {
    const slow = together(Array.from({ length: 20 }, () => {
      return answerTo(address, "GET / HTTP/1.1\r\nX: ");
    }));
    assertEquals(judged(await answerTo(address, last)), [1, "200"]);
    for (const text of await slow) assertEquals(judged(text), [1, "408"]);
  });
});

toolTest("curl", "websocketd 0.5: no name, link or encoding leads out of the served folder", () => {
  return withSite([], async (address) => {
    const origin = address.replace("tcp:", "http:");
    const out = ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/link", "/.hidden", "/a/%00/x"];
    const curl = ["curl", "--silent", "--path-as-is", "--noproxy", "*"];
    for (const path of out) {
      const { stdout } = await run([...curl, "--write-out", "%{http_code}", origin + path]);
      assertMatch(stdout, /40[034]$/, path);
      assert(!stdout.includes("secret"), path);
    }
    assertEquals((await run([...curl, `${origin}/`])).stdout, "home");
  });
});

toolTest(
  "curl",
  "websocketd#20: a page of another name or origin hears nothing, on loopback either",
  async () => {
    const web = ["--web", "tcp://127.0.0.1:0"];
    await using server = startPlumb(["watch", ...web, "--every=1h", "unix:/nonexistent/plumb"]);
    const [address = ""] = await server.listening();
    const status = async (header: string, path: string) => {
      const write = ["--write-out", "%{http_code}", "--output", "/dev/null"];
      const url = address.replace("tcp:", "http:") + path;
      const curl = ["curl", "--silent", "--noproxy", "*", ...write, "--header", header, url];
      return (await run(curl)).stdout;
    };
    // A name that was pointed at this address (DNS rebinding), and a page from elsewhere.
    for (const path of ["/", "/api/targets", "/metrics"]) {
      assertEquals(await status("Host: evil.example", path), "421");
      assertEquals(await status("Origin: http://evil.example", path), "403");
      assertEquals(await status("Accept: */*", path), "200");
    }
  },
);
