/** The web server against a browser that no one here wrote. @module */

import { assertMatch } from "@std/assert";
import { serve } from "../../lib/api/serve.ts";
import { chromium } from "../support/browser.ts";
import { run } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";
import "../support/libc.ts";

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>plumb</title>
<link rel="stylesheet" href="style.css"><script src="script.js" defer></script></head>
<body><p id="report">nothing</p><img id="image" src="dot.svg" alt=""></body></html>`;

const script = `addEventListener("load", async () => {
  const image = document.getElementById("image");
  const color = getComputedStyle(document.body).color;
  const answer = await fetch("/api/upper", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: "hello" }),
  });
  const { text } = await answer.json();
  let inline = "blocked";
  try { inline = String(new Function("return 'ran'")()); } catch { /* the policy at work */ }
  document.getElementById("report").textContent =
    [image.naturalWidth, color, text, inline].join(" | ");
});`;

const dot =
  '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"><path d="M0 0h7v7z"/></svg>';

// Of its own, so that the address stays in memory while the browser starts: about 2 s.
toolTest(
  "chromium",
  "a browser loads a page with its script, style and image, and talks to /api",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "plumb-test-" });
    try {
      const files = { "index.html": page, "script.js": script, "dot.svg": dot };
      for (
        const [name, text] of Object.entries({ ...files, "style.css": "body{color:rgb(1,2,3)}" })
      ) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
      await using server = await serve("http", "tcp://127.0.0.1:0", { subject: folder });
      const browser = await run([
        ...chromium,
        `--user-data-dir=${folder}/.profile`,
        "--virtual-time-budget=5000",
        "--dump-dom",
        `http://127.0.0.1:${server.addresses[0]?.port}/`,
      ], { timeoutMs: 60_000 });
      assertMatch(browser.stdout, /<p id="report">7 \| rgb\(1, 2, 3\) \| HELLO \| blocked<\/p>/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
