/**
 * Chromium as a value: pages are opened, asked and told over the DevTools protocol
 * (chromedevtools.github.io/devtools-protocol), so that a test sees what a person would.
 * @module
 */

import { start } from "./process.ts";

/** A page in a browser. */
export interface Page {
  /** Runs an expression in the page, and gives what it comes to. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression is true in the page. */
  until(expression: string): Promise<void>;
  /** Makes the window as large as this, with the colours that a person prefers. */
  emulate(size: { width: number; height: number }, scheme: "light" | "dark"): Promise<void>;
  /** What the page was refused, and what it threw. */
  readonly complaints: readonly string[];
}

type Message = Readonly<Record<string, unknown>>;

/** Chromium without a window, and without the connections that it makes of its own. */
export const chromium: readonly string[] = [
  "chromium",
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens a page, lets the test look at it, and ends the browser. */
export async function withPage(
  address: string,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const profile = await Deno.makeTempDir({ prefix: "plumb-chromium-" });
  try {
    await using browser = start(
      [...chromium, "--remote-debugging-port=0", `--user-data-dir=${profile}`, address],
      { timeoutMs: 60_000 },
    );
    const [, at = ""] = await browser.stderrLine(/^DevTools listening on ws:\/\/([^/]+)\//);
    const socket = new WebSocket(await pageSocket(at));
    const session = new Session(socket);
    try {
      await session.ready;
      await look(session);
    } finally {
      await session.close();
    }
  } finally {
    // The browser's own processes may still write there for a moment.
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

/** The endpoint of the first page; the browser has one soon after it listens. */
async function pageSocket(at: string): Promise<string> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const pages: Message[] = await (await fetch(`http://${at}/json/list`)).json();
    const page = pages.find(({ type }) => type === "page");
    if (page !== undefined) return String(page["webSocketDebuggerUrl"]);
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error("the browser shows no page");
}

class Session implements Page {
  readonly ready: Promise<void>;
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Message>>();
  #last = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#message(JSON.parse(String(data)));
    this.ready = this.#begin();
  }

  async #begin(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.onerror = () => reject(new Error("no DevTools"));
    });
    await this.#call("Runtime.enable");
    await this.#call("Log.enable");
  }

  #message({ id, method, params, result, error }: Message): void {
    if (typeof id === "number") {
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error !== undefined) waiter?.reject(new Error(JSON.stringify(error)));
      else waiter?.resolve(result as Message);
    } else if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.complaints.push(JSON.stringify(params));
    }
  }

  #call(method: string, params: Message = {}): Promise<Message> {
    const id = ++this.#last;
    const waiter = Promise.withResolvers<Message>();
    this.#waiting.set(id, waiter);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return waiter.promise;
  }

  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#call("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as Message)["value"] as T;
  }

  async until(expression: string): Promise<void> {
    for (let attempt = 0; attempt < 1_500; attempt++) {
      if (await this.evaluate<boolean>(`Boolean(${expression})`)) return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
    const shown = await this.evaluate("document.title + '\\n' + document.body.innerText");
    throw new Error(`never ${expression}:\n${shown}`);
  }

  async emulate(
    { width, height }: { width: number; height: number },
    scheme: "light" | "dark",
  ): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.#call("Emulation.setDeviceMetricsOverride", metrics);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.#call("Emulation.setEmulatedMedia", { features });
  }

  async close(): Promise<void> {
    for (const waiter of this.#waiting.values()) waiter.promise.catch(() => {});
    const closed = new Promise<void>((resolve) => this.#socket.onclose = () => resolve());
    this.#socket.close();
    await closed;
  }
}
