/**
 * The page of a watch: one text, nothing loaded from elsewhere, no data in it. What is shown comes
 * by `/events` and is set as text, never as markup: names and reasons come from outside.
 * @module
 */

import { createHash } from "node:crypto";
import { pageScript } from "./watch_page_script.ts";
import { pageStyle } from "./watch_page_style.ts";

/** The page. */
export const watchPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>plumb watch</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>plumb watch</h1>
<p id="counts" role="status" aria-live="polite">connecting</p>
<input id="filter" type="search" placeholder="filter by name or reason" aria-label="filter"
 autocomplete="off" spellcheck="false">
<p id="stale" role="alert" hidden></p>
</header>
<noscript><p>The live page needs JavaScript; <a href="/api/targets">the figures</a> do not.</p>
</noscript>
<ul id="targets"></ul>
<p id="more"></p>
<script>${pageScript}</script>
</body>
</html>
`;

/**
 * What the page may do: its own style and script, by digest, and its own events. Whatever else got
 * into it would not run.
 */
export const pagePolicy = [
  "default-src 'none'",
  `script-src '${digest(pageScript)}'`,
  `style-src '${digest(pageStyle)}'`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
