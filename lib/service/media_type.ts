/**
 * Media types: by the ending of a file's name, of a body (`Content-Type`), and as what a client
 * takes (`Accept`, RFC 9110 section 12.5.1).
 * @module
 */

/** What browsers are told of a file. Not in the list: sent as bytes, and offered for saving. */
const byEnding: Readonly<Record<string, string>> = {
  avif: "image/avif",
  css: "text/css; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  gif: "image/gif",
  gz: "application/gzip",
  htm: "text/html; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/vnd.microsoft.icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  md: "text/markdown; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  otf: "font/otf",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  wav: "audio/wav",
  webm: "video/webm",
  webmanifest: "application/manifest+json",
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
  xhtml: "application/xhtml+xml",
  xml: "application/xml",
  zip: "application/zip",
};

/** The type of a file, by what follows the last dot of its name. */
export function typeOfName(name: string): string {
  const dot = name.lastIndexOf(".");
  const ending = dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
  const known = Object.hasOwn(byEnding, ending) ? byEnding[ending] : undefined;
  return known ?? "application/octet-stream";
}

/** A media type as a header says it. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly essence: string;
  /** Parameters by their lower-case name; values as written, quotes taken off. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const essencePattern = new RegExp(`^(${token}/${token})[ \\t]*(?:;|$)`);
const parameterPattern = new RegExp(`;[ \\t]*(${token})=(?:(${token})|"([^"\\\\]*)")`, "g");

/** Reads one media type or media range. @returns null for what is none */
export function parseMediaType(text: string): MediaType | null {
  const trimmed = text.trim();
  const [, essence] = essencePattern.exec(trimmed) ?? [];
  if (essence === undefined) return null;
  const parameters = new Map<string, string>();
  for (const [, name = "", plain, quoted] of trimmed.matchAll(parameterPattern)) {
    parameters.set(name.toLowerCase(), plain ?? quoted ?? "");
  }
  return { essence: essence.toLowerCase(), parameters };
}

/**
 * Chooses of what is offered what the client likes best; of equals the one offered first. The most
 * specific range that matches a type says its quality, also where it says 0.
 *
 * @param accept the header; undefined or empty: anything
 * @param offers essences, in the server's order of preference
 * @returns null where nothing is acceptable (406)
 */
export function negotiate<T extends string>(
  accept: string | undefined,
  offers: readonly T[],
): T | null {
  if (accept === undefined || accept.trim() === "") return offers[0] ?? null;
  const ranges = accept.split(",").map(readRange).filter((range) => range !== null);
  let best: { readonly offer: T; readonly quality: number } | null = null;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer ?? null;
}

interface AcceptRange {
  readonly essence: string;
  readonly quality: number;
}

function readRange(text: string): AcceptRange | null {
  const type = parseMediaType(text);
  if (type === null) return null;
  const weight = type.parameters.get("q");
  if (weight === undefined) return { essence: type.essence, quality: 1 };
  // Section 12.4.2: at most three decimals. What is no weight makes the range void.
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight)) return null;
  return { essence: type.essence, quality: Number(weight) };
}

function qualityOf(offer: string, ranges: readonly AcceptRange[]): number {
  const family = `${offer.slice(0, offer.indexOf("/"))}/*`;
  for (const pattern of [offer, family, "*/*"]) {
    const matching = ranges.filter(({ essence }) => essence === pattern);
    if (matching.length > 0) return Math.max(...matching.map(({ quality }) => quality));
  }
  return 0;
}
