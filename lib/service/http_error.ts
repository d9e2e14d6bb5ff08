/**
 * What a request is refused with.
 * @module
 */

/** An answer that is thrown: the status, and one line that says why. */
export class HttpError extends Error {
  /** For stack traces. */
  override readonly name = "HttpError";
  /** 400 to 599. */
  readonly status: number;
  /** More headers of the answer: `Allow`, `Accept-Post`. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param message for the client: nothing of this machine belongs in it */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
