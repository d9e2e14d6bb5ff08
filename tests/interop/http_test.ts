/** The web server against curl. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { serve } from "../../lib/api/serve.ts";
import { plumbCommand, run, startPlumb } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";
import "../support/libc.ts";

/** A folder with a small site, served on TCP and on a Unix socket. */
async function withSite(
  work: (site: { origin: string; folder: string; socket: string }) => Promise<void>,
): Promise<void> {
  const work_ = await Deno.makeTempDir({ prefix: "plumb-test-" });
  const folder = `${work_}/site`;
  try {
    await Deno.mkdir(`${folder}/docs`, { recursive: true });
    await Deno.mkdir(`${folder}/empty`);
    await Deno.writeTextFile(`${folder}/index.html`, "<p>home</p>");
    await Deno.writeTextFile(`${folder}/docs/index.html`, "<p>docs</p>");
    await Deno.writeTextFile(`${folder}/a.txt`, "0123456789");
    await Deno.writeTextFile(`${folder}/a b.txt`, "blank");
    await Deno.writeTextFile(`${folder}/.secret`, "secret");
    await Deno.writeTextFile(`${work_}/outside`, "secret");
    await Deno.symlink("../outside", `${folder}/link`);
    const socket = `${work_}/socket`;
    await using server = await serve("http", ["tcp://127.0.0.1:0", `unix:${socket}`], {
      subject: folder,
    });
    const origin = `http://127.0.0.1:${server.addresses[0]?.port}`;
    await work({ origin, folder, socket });
  } finally {
    await Deno.remove(work_, { recursive: true });
  }
}

/** What curl got: status, headers by lower-case name, body. */
async function curl(...args: string[]) {
  const command = new Deno.Command("curl", {
    args: ["--silent", "--show-error", "--max-time", "10", "--include", "--path-as-is", ...args],
    env: { no_proxy: "*" },
  });
  const { code, stdout, stderr } = await command.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  const [head = "", ...rest] = text.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, "").split(
    "\r\n\r\n",
  );
  const [line = "", ...fields] = head.split("\r\n");
  const headers = new Map(fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  }));
  return { status: Number(line.split(" ")[1]), headers, body: rest.join("\r\n\r\n") };
}

toolTest(
  "curl",
  "curl gets files with types, index pages and redirects to folders",
  () =>
    withSite(async ({ origin, socket }) => {
      const home = await curl(`${origin}/`);
      assertEquals([home.status, home.body], [200, "<p>home</p>"]);
      assertEquals(home.headers.get("content-type"), "text/html; charset=utf-8");
      assertEquals(home.headers.get("x-content-type-options"), "nosniff");
      assertEquals(home.headers.get("content-security-policy"), "default-src 'self'");
      const folder = await curl(`${origin}/docs?x=1`);
      assertEquals([folder.status, folder.headers.get("location")], [308, "/docs/?x=1"]);
      assertEquals((await curl("--location", `${origin}/docs`)).body.endsWith("<p>docs</p>"), true);
      assertEquals((await curl(`${origin}/a%20b.txt`)).body, "blank");
      assertEquals((await curl(`${origin}/empty/`)).status, 404);
      assertEquals((await curl("--unix-socket", socket, "http://any/a.txt")).body, "0123456789");
      const head = await curl("--head", `${origin}/a.txt`);
      assertEquals([head.status, head.headers.get("content-length"), head.body], [200, "10", ""]);
      assertEquals((await curl("--data", "x", `${origin}/a.txt`)).status, 405);
    }),
);

toolTest(
  "curl",
  "curl gets no hidden file and nothing outside, however it is written",
  () =>
    withSite(async ({ origin }) => {
      const paths = [
        "/.secret",
        "/%2esecret",
        "/link",
        "/../outside",
        "/docs/../../outside",
        "/%2e%2e/outside",
        "/..%2foutside",
        "/%252e%252e/outside",
        "/..%5coutside",
        "/..\\outside",
        "//outside",
        "/a.txt%00",
        "/%c0%ae%c0%ae/outside",
      ];
      for (const path of paths) {
        const { status, body } = await curl(origin + path);
        assert(status === 404 || status === 400, `${path}: ${status}`);
        assert(!body.includes("secret"), path);
      }
    }),
);

toolTest(
  "curl",
  "curl resumes, and is told where a range is none",
  () =>
    withSite(async ({ origin }) => {
      const part = await curl("--range", "2-4", `${origin}/a.txt`);
      assertEquals([part.status, part.body], [206, "234"]);
      assertEquals(part.headers.get("content-range"), "bytes 2-4/10");
      assertEquals((await curl("--range", "-3", `${origin}/a.txt`)).body, "789");
      assertEquals((await curl("--continue-at", "8", `${origin}/a.txt`)).body, "89");
      assertEquals((await curl("--range", "0-1,4-5", `${origin}/a.txt`)).body, "0123456789");
      const none = await curl("--range", "10-", `${origin}/a.txt`);
      assertEquals([none.status, none.headers.get("content-range")], [416, "bytes */10"]);
      const etag = part.headers.get("etag") ?? "";
      const ifRange = (tag: string) => ["--range", "2-4", "--header", `If-Range: ${tag}`];
      assertEquals((await curl(...ifRange(etag), `${origin}/a.txt`)).status, 206);
      assertEquals((await curl(...ifRange('"other"'), `${origin}/a.txt`)).status, 200);
    }),
);

toolTest(
  "curl",
  "curl is spared what it has, until it has changed",
  () =>
    withSite(async ({ origin, folder }) => {
      const first = await curl(`${origin}/a.txt`);
      const etag = first.headers.get("etag") ?? "";
      const modified = first.headers.get("last-modified") ?? "";
      const again = (header: string) => curl("--header", header, `${origin}/a.txt`);
      const spared = await again(`If-None-Match: ${etag}`);
      assertEquals([spared.status, spared.body, spared.headers.get("etag")], [304, "", etag]);
      assertEquals((await again(`If-Modified-Since: ${modified}`)).status, 304);
      assertEquals((await again('If-Match: "other"')).status, 412);
      await Deno.writeTextFile(`${folder}/a.txt`, "abcdefghij");
      assertEquals((await again(`If-None-Match: ${etag}`)).body, "abcdefghij");
    }),
);

toolTest(
  "curl",
  "curl is answered in the form that it asks for",
  () =>
    withSite(async ({ origin }) => {
      const upper = async (type: string, accept: string, body: string) => {
        const { status, headers, body: answer } = await curl(
          ...["--header", `Content-Type: ${type}`, "--header", `Accept: ${accept}`],
          ...["--data-binary", body, `${origin}/api/upper`],
        );
        return [status, headers.get("content-type"), answer];
      };
      const [json, xml, plain] = ["application/json", "application/xml", "text/plain"];
      const utf8 = "; charset=utf-8";
      assertEquals(await upper(json, "*/*", '{"text":"h\u00e9"}'), [
        200,
        json,
        '{"text":"H\u00c9"}\n',
      ]);
      const [, xmlType, document] = await upper(json, xml, '{"text":"a<b"}');
      assertEquals(xmlType, xml + utf8);
      assertStringIncludes(String(document), "<text>A&lt;B</text>");
      assertEquals(await upper(xml, "*/*;q=0.1, text/plain", "<text>a&amp;</text>"), [
        200,
        plain + utf8,
        "A&",
      ]);
      assertEquals((await upper(xml, "*/*", "<!DOCTYPE a><text>b</text>"))[0], 400);
      assertEquals((await upper("text/html", "*/*", "a"))[0], 415);
      assertEquals((await upper(plain, "image/png", "a"))[0], 406);
      const failed = await upper(json, json, "{");
      assertEquals(failed, [400, json, '{"error":"JSON: not well-formed"}\n']);
      const time = await curl("--header", "Accept: text/plain", `${origin}/api/time`);
      assertMatch(time.body, /^\d{4}-\d\d-\d\dT/);
      assertEquals((await curl(`${origin}/api/upper`)).headers.get("allow"), "POST");
      assertEquals((await curl(`${origin}/api/none`)).status, 404);
    }),
);

toolTest(
  "curl",
  "curl learns that its body is too large, announced or not, and need not send it",
  () =>
    withSite(async ({ origin, folder }) => {
      const path = `${folder}/large`;
      await Deno.writeFile(path, new Uint8Array(1024 * 1024 + 1).fill(97));
      const send = (...args: string[]) =>
        curl(...args, "--header", "Content-Type: text/plain", "--upload-file", path, ...[
          "--request",
          "POST",
          `${origin}/api/echo`,
        ]);
      assertEquals((await send()).status, 413);
      assertEquals((await send("--header", "Transfer-Encoding: chunked")).status, 413);
      await Deno.truncate(path, 1024 * 1024);
      const whole = await send();
      assertEquals([whole.status, whole.body.length], [200, 1024 * 1024]);
    }),
);

toolTest(
  "curl",
  "plumb serve http answers as a program, and without a folder serves no files",
  async () => {
    await using plumb = startPlumb(["serve", "http", "127.0.0.1:0"]);
    const [address = ""] = await plumb.listening();
    const origin = address.replace("tcp:", "http:");
    assertEquals((await curl(`${origin}/README.md`)).status, 404);
    assertEquals((await curl(`${origin}/api/time`)).status, 200);
    const { code } = await plumb.stop();
    assertEquals(code, 0);
  },
);

toolTest("setpriv", "serve http says at once that its folder may not be entered", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-http-" });
  await Deno.chmod(folder, 0);
  // Root is not held to modes but by this capability.
  const bare = Deno.uid() === 0
    ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    : [];
  try {
    const told = await run([...bare, ...plumbCommand, "serve", "http", folder, "127.0.0.1:0"]);
    assertEquals([told.code, told.stdout], [5, ""]);
    assertEquals(told.stderr, `plumb: serve ${folder}: permission denied (EACCES)\n`);
  } finally {
    await Deno.remove(folder);
  }
});
