/** The page of a watch in a browser that no one here wrote. @module */

import { assert, assertEquals } from "@std/assert";
import { serve } from "../../lib/api/serve.ts";
import { watch } from "../../lib/api/watch.ts";
import { serveWatch } from "../../lib/api/watch_web.ts";
import { withPage } from "../support/browser.ts";
import { freeTcpPort } from "../support/ports.ts";
import { toolTest } from "../support/tools.ts";
import "../support/libc.ts";

/** What the rows say: state and name of each. */
const rows = `[...document.querySelectorAll("#targets li")].map((row) =>
  row.className + " " + row.querySelector(".name").textContent)`;

const phone = { width: 360, height: 740 };
const desk = { width: 1280, height: 800 };

toolTest(
  "chromium",
  "the page of a watch is live, safe and readable, and says when it is old",
  async () => {
    const hostile = `<img src=x onerror="document.title='owned'">`;
    await using server = await serve("echo", "tcp://127.0.0.1:0");
    const up = server.addresses[0]?.text ?? "";
    const down = `tcp://127.0.0.1:${freeTcpPort()}`;
    const targets = [
      { address: up, name: "first" },
      { address: up, name: hostile, mode: "echo" as const },
      { address: down, name: "a database with a rather long name for a phone" },
    ];
    await using watching = watch(targets, { everyMs: 100, misses: 2, timeoutMs: 20_000 });
    const web = await serveWatch("tcp://127.0.0.1:0", watching);
    const address = web.addresses[0]?.text ?? "";
    await using _late = { [Symbol.asyncDispose]: () => web[Symbol.asyncDispose]() };
    await withPage(address.replace("tcp:", "http:"), async (page) => {
      // Down first, the others in their order; the counts where a tab shows them.
      await page.until(`document.title === "1 down - plumb watch"`);
      await page.until(`(${rows}).length === 3 && (${rows})[0].startsWith("down ")`);
      assertEquals(await page.evaluate(rows), [
        `down ${targets[2]?.name}`,
        "up first",
        `up ${hostile}`,
      ]);
      assertEquals(await page.evaluate(`document.querySelectorAll("img").length`), 0);
      await page.until(`document.querySelector("li.up polyline") !== null`);
      const reason = `document.querySelector("li.down .reason").textContent`;
      assertEquals(await page.evaluate(reason), "connection refused (ECONNREFUSED)");

      // On a phone nothing is cut off to the side; colours are those that one likes.
      const back = "getComputedStyle(document.body).backgroundColor";
      for (const [size, scheme] of [[phone, "dark"], [desk, "light"]] as const) {
        await page.emulate(size, scheme);
        await page.until(`document.documentElement.clientWidth === ${size.width}`);
        await page.until(`document.documentElement.scrollWidth <= innerWidth`);
        await page.until(
          `${back} === "${scheme === "dark" ? "rgb(20, 20, 20)" : "rgb(255, 255, 255)"}"`,
        );
      }

      // The filter, and what changes while one looks.
      await page.evaluate(`filter.value = "FIRST"; filter.dispatchEvent(new Event("input"))`);
      await page.until(`(${rows}).length === 1`);
      await page.evaluate(`filter.value = ""; filter.dispatchEvent(new Event("input"))`);
      await server[Symbol.asyncDispose]();
      await page.until(`document.title === "3 down - plumb watch"`);
      watching.setTargets([targets[2] ?? down]);
      await page.until(`(${rows}).length === 1`);
      assertEquals(page.complaints, [], "nothing was refused or thrown");

      // Nobody there: said, and found again by itself.
      await web[Symbol.asyncDispose]();
      await page.until(`!stale.hidden && document.body.classList.contains("is-stale")`);
      const again = await serveWatch(address, watching);
      try {
        await page.until(`stale.hidden && (${rows}).length === 1`);
      } finally {
        await again[Symbol.asyncDispose]();
      }
      assert(await page.evaluate(`document.title !== "owned"`));
    });
  },
);
