/**
 * The one value that the services of `/api` read and answer, a text, in three forms: the business
 * part knows nothing of JSON or XML, and the network part nothing of the business.
 * @module
 */

import { HttpError } from "./http_error.ts";
import { readXmlText, writeXmlText } from "./http_xml.ts";
import { negotiate, parseMediaType } from "./media_type.ts";

/** A form of a text. */
interface TextForm {
  /** `Content-Type` of what is written. */
  readonly contentType: string;
  /** @throws {HttpError} 400 */
  read(body: string): string;
  /** @param element what it is: `text` or `error`. Null where the form cannot say this text. */
  write(element: "text" | "error", text: string): string | null;
}

const xml: Omit<TextForm, "contentType"> = { read: readXmlText, write: writeXmlText };

/** The forms by their media type, in the order in which the server likes them. */
const forms = {
  "application/json": {
    contentType: "application/json",
    read: readJson,
    write: (element, text) => `${JSON.stringify({ [element]: text })}\n`,
  },
  "application/xml": { contentType: "application/xml; charset=utf-8", ...xml },
  "text/xml": { contentType: "text/xml; charset=utf-8", ...xml },
  "text/plain": {
    contentType: "text/plain; charset=utf-8",
    read: (body) => body,
    // Half of a surrogate pair, which JSON can name, would silently become another character.
    write: (_element, text) => text.isWellFormed() ? text : null,
  },
} as const satisfies Readonly<Record<string, TextForm>>;

/** The media type of a form. */
export type TextType = keyof typeof forms;

const offered = Object.keys(forms) as TextType[];

/** What the answer to an unsupported type says (RFC 9110 section 12.5.1, RFC 5789 section 3.1). */
const accepted = { "Accept": offered.join(", ") };

/** The form of a body. @throws {HttpError} 415 for other types and charsets than UTF-8 */
export function bodyType(contentType: string | undefined): TextType {
  const type = textTypeOf(contentType);
  if (type !== null) return type;
  throw new HttpError(415, `send one of ${offered.join(", ")} in UTF-8`, accepted);
}

/** Reads a body. @throws {HttpError} 400 for what the type forbids */
export function readText(type: TextType, body: Uint8Array): string {
  let characters: string;
  try {
    characters = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new HttpError(400, "the body is not UTF-8"); // the only thing that a fatal decoder throws
  }
  return forms[type].read(characters);
}

/** The form of a body, or null where it has none of them. */
export function textTypeOf(contentType: string | undefined): TextType | null {
  const type = contentType === undefined ? null : parseMediaType(contentType);
  if (type === null || !Object.hasOwn(forms, type.essence)) return null;
  const charset = type.parameters.get("charset")?.toLowerCase() ?? "utf-8";
  // ASCII is a part of UTF-8.
  return ["utf-8", "utf8", "us-ascii"].includes(charset) ? type.essence as TextType : null;
}

/**
 * Chooses the form of the answer: what the client likes best, of equals the form that it sent.
 *
 * @throws {HttpError} 406 where it takes none
 */
export function answerType(accept: string | undefined, sent: TextType | null): TextType {
  const offers = sent === null ? offered : [sent, ...offered.filter((type) => type !== sent)];
  const chosen = negotiate(accept, offers);
  if (chosen === null) throw new HttpError(406, `accept one of ${offered.join(", ")}`);
  return chosen;
}

/** The form of an error: plain text where the client takes none of the forms, for it has to know. */
export function errorType(accept: string | undefined): TextType {
  return negotiate(accept, ["text/plain", ...offered]) ?? "text/plain";
}

/**
 * A text as an answer.
 *
 * @throws {HttpError} 406 where the form cannot say it
 */
export function textResponse(
  type: TextType,
  element: "text" | "error",
  text: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { contentType, write } = forms[type];
  const written = write(element, text);
  if (written === null) throw new HttpError(406, `${type} cannot say this text`);
  const body = new TextEncoder().encode(written);
  return new Response(body, {
    status,
    headers: {
      "Content-Type": contentType,
      "Content-Length": String(body.length),
      "Cache-Control": "no-store",
      // Without it a cache would give one client's form to another.
      "Vary": "Accept",
      ...headers,
    },
  });
}

function readJson(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new HttpError(400, "JSON: not well-formed"); // the only thing that parse throws
  }
  const text = typeof value === "object" && value !== null && "text" in value ? value.text : null;
  if (typeof text !== "string") throw new HttpError(400, 'JSON: expected {"text": "..."}');
  return text;
}
