/**
 * Answers on a connection that is kept.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { sendResponse } from "../../../lib/service/http_fetch.ts";

/** An answer of node:http as far as it is used; `isFull` as a peer that takes nothing yet. */
class FakeAnswer extends EventEmitter {
  destroyed = false;
  readonly written: string[] = [];

  constructor(readonly isFull = false) {
    super();
  }

  get followers(): number {
    return this.listenerCount("close") + this.listenerCount("drain");
  }

  setHeader(): void {}
  appendHeader(): void {}
  writeHead(): void {}

  write(chunk: Uint8Array): boolean {
    this.written.push(new TextDecoder().decode(chunk));
    if (this.isFull) queueMicrotask(() => this.emit("drain"));
    return !this.isFull;
  }

  end(chunk: Uint8Array = new Uint8Array()): void {
    this.written.push(`${new TextDecoder().decode(chunk)}.`);
    queueMicrotask(() => this.emit("close"));
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

/** A signal that counts who follows it. */
function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let followers = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...words: Parameters<typeof add>) => {
    followers++;
    add(...words);
  };
  signal.removeEventListener = (...words: Parameters<typeof remove>) => {
    followers--;
    remove(...words);
  };
  return { controller, signal, followers: () => followers };
}

function send(answer: FakeAnswer, body: BodyInit | null, over: AbortSignal): Promise<void> {
  return sendResponse(answer as unknown as ServerResponse, new Response(body), false, over);
}

Deno.test("a connection that is kept holds nothing of the answers that it has given", async () => {
  const { signal, followers } = countedSignal();
  for (let at = 0; at < 100; at++) {
    const answer = new FakeAnswer(at % 2 === 0);
    await send(answer, at % 3 === 0 ? null : "body", signal);
    assertEquals(answer.followers, 0);
  }
  assertEquals(followers(), 0);
});

Deno.test("an answer that never got its turn ends with its connection", async () => {
  const { controller, signal, followers } = countedSignal();
  const answer = new FakeAnswer(true);
  answer.write = () => false;
  answer.end = () => {};
  const sent = send(answer, "body", signal);
  await new Promise((turn) => setTimeout(turn, 0));
  controller.abort();
  await sent;
  assertEquals([answer.followers, followers()], [0, 0]);
  await send(answer, null, signal); // the end was before it
});

Deno.test("a small answer whose length is known goes out whole with its end", async () => {
  const written = async (length?: number) => {
    const answer = new FakeAnswer();
    const headers: HeadersInit = length === undefined ? {} : { "Content-Length": `${length}` };
    const response = new Response("body", { headers });
    const { signal } = new AbortController();
    await sendResponse(answer as unknown as ServerResponse, response, false, signal);
    return answer.written;
  };
  assertEquals(await written(4), ["body."]);
  assertEquals(await written(), ["body", "."]);
  assertEquals(await written(1_000_000), ["body", "."]);
});

Deno.test("an answer that cannot be read whole cuts its connection", async () => {
  const answer = new FakeAnswer();
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("disk")) });
  const response = new Response(body, { headers: { "Content-Length": "4" } });
  const { signal } = new AbortController();
  await assertRejects(
    () => sendResponse(answer as unknown as ServerResponse, response, false, signal),
    Error,
    "disk",
  );
  assertEquals(answer.destroyed, true);
});
