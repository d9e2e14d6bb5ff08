/**
 * Texts without a scheme: `host:port`, or a mistake that can be named.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import { type AddressError, quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import { readAuthority } from "./inet.ts";
import { servicePort } from "./ports.ts";
import { schemeWords } from "./schemes.ts";
import { type Body, write } from "./source.ts";

/**
 * Reads `host:port?options` as TCP. The port is digits or the name of a service: in `a:b` with
 * anything else, `a` may as well be a scheme that was mistyped, and the error says so.
 *
 * @throws {AddressError}
 */
export function readBare(body: Body): InetAddress {
  const { source, start } = body;
  const end = source.find("?", start, source.text.length);
  const text = source.text.slice(start, end);
  const prefix = source.text.slice(0, start);
  if (/^[A-Za-z]:[\\/](?!\/)/.test(text)) {
    throw source.error(start, "a Windows path is no address", "write file:PATH");
  }
  const scheme = text.slice(0, Math.max(0, text.indexOf("://")));
  if (scheme !== "") throw unknownScheme(body, scheme);
  if (/^\d+$/.test(text)) throw source.error(start, "a port alone", write(`${prefix}:${text}`));
  if (/^[^:@]*\//.test(text)) {
    const hint = `${write(`${prefix}unix:${text}`)} or file:PATH`;
    throw source.error(start, "a path without a scheme", hint);
  }
  const pair = /^([A-Za-z0-9._+-]*)(?::([^:@/#]+))?$/.exec(text);
  if (pair !== null && !isPort(pair[2])) throw neither(body, pair[1] ?? "");
  return readAuthority("tcp", body);
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && (/^\d+$/.test(text) || servicePort(text) !== undefined);
}

function unknownScheme({ source, start }: Body, scheme: string): AddressError {
  const near = nearest(scheme, schemeWords);
  const hint = near === undefined ? "write tcp://HOST:PORT" : `did you mean ${near}?`;
  return source.error(start, `unknown scheme ${quote(scheme)}`, hint);
}

/** The error for a word that is no scheme, before what is no port. */
function neither({ source, start }: Body, word: string): AddressError {
  const near = nearest(word, schemeWords);
  const meant = near === undefined ? "" : `did you mean ${near}:? `;
  const host = word === "" || word.length > 63 ? "HOST" : word;
  const listen = source.text.slice(0, start);
  const hint = `${meant}for a host write ${listen}tcp://${host}:PORT`;
  return source.error(start, "no known scheme, and no host and port", hint);
}
