/**
 * Which names a server on this machine answers to.
 *
 * A page of anyone can have its own name point to 127.0.0.1 while it is shown (DNS rebinding), and
 * then read what a server on loopback says: same origin, as far as the browser knows. The name
 * that the browser was told stands in `Host`, and cannot be forged by a page.
 * @module
 */

import { HttpError } from "./http_error.ts";

/** Decides by `Host` and `Origin`. Numeric addresses and `localhost` are known always. */
export class KnownHosts {
  readonly #names: ReadonlySet<string>;

  /** @param names names of this machine, without ports; case does not matter */
  constructor(names: readonly string[]) {
    this.#names = new Set(["localhost", ...names.map((name) => name.toLowerCase())]);
  }

  /** @throws {HttpError} 421 for an unknown host, 403 for a page of another origin */
  check(headers: Headers): void {
    const host = headers.get("host") ?? "";
    // RFC 9110 section 15.5.20. Without a Host (HTTP/1.0) no browser asks.
    if (host !== "" && !this.#isKnown(host)) {
      throw new HttpError(421, "this server does not answer to that name (see --web-host)");
    }
    const origin = headers.get("origin");
    if (origin !== null && origin.replace(/^https?:\/\//, "") !== host) {
      throw new HttpError(403, "pages of other origins are not answered");
    }
  }

  #isKnown(host: string): boolean {
    if (/^\[[0-9a-f:.]+\](:\d+)?$/i.test(host)) return true;
    const name = host.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
    // All digits and dots: no registered name has a last label of digits (RFC 3696 section 2).
    return /^\d+(\.\d+){3}$/.test(name) || this.#names.has(name);
  }
}
