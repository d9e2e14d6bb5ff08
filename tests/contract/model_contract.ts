/**
 * What every server model must do alike: services, half-close, bounds, times, drain, session lines.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import type { RunningServer } from "../../lib/api/running.ts";
import { serve, type ServeOptions } from "../../lib/api/serve.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import "../support/libc.ts";
import { MemoryLog } from "../support/memory_log.ts";

/** What a model is called, and where it is by its nature unlike the others. */
export interface ModelTraits {
  /** As `--model` takes it. */
  readonly model: string;
  /** How its session lines name who served; null: not at all. */
  readonly worker: RegExp | null;
  /** One session at a time, by intent. */
  readonly iterative?: boolean;
  /** A process for each session. */
  readonly reaped?: boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A server on TCP and on a Unix socket at once, with what it says. */
export interface Modelled extends AsyncDisposable {
  readonly server: RunningServer;
  readonly log: MemoryLog;
  readonly tcp: string;
  readonly unix: string;
}

/** Serves under a model; disposing cuts it. */
export async function modelled(
  service: string,
  model: string,
  options: ServeOptions = {},
): Promise<Modelled> {
  const log = new MemoryLog();
  const unix = `unix:@plumb-model-${crypto.randomUUID()}`;
  const server = await serve(service, ["tcp://127.0.0.1:0", unix], { model, log, ...options });
  const tcp = server.addresses[0]?.text ?? "";
  return { server, log, tcp, unix, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Sends all, half-closes, and reads to the end. */
export async function ask(address: string, text: string): Promise<string> {
  await using session = await connect(address);
  await session.write(encoder.encode(text));
  await session.closeWrite();
  return await readAll(session);
}

async function readAll(session: Duplex): Promise<string> {
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (let n = await session.read(buffer); n !== null; n = await session.read(buffer)) {
    text += decoder.decode(buffer.subarray(0, n));
  }
  return text;
}

async function exchange(session: Duplex, text: string): Promise<string> {
  await session.write(encoder.encode(text));
  const buffer = new Uint8Array(1024);
  const n = await session.read(buffer);
  return n === null ? "" : decoder.decode(buffer.subarray(0, n));
}

/** True when the peer ends or breaks the session within a second. */
async function isEnded(session: Duplex): Promise<boolean> {
  try {
    return await session.read(new Uint8Array(1024)) === null;
  } catch {
    return true; // a reset is an end
  }
}

/** Waits for what another process tells a little later. */
export async function until(holds: () => boolean, what: string, timeoutMs = 5_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Registers the tests of one model. */
export function modelContract(traits: ModelTraits): void {
  const { model } = traits;
  const many = !traits.iterative;

  Deno.test(`${model}: byte services answer on TCP and Unix, and half-close is kept`, async () => {
    const answers: [string, string, RegExp][] = [
      ["echo", "x".repeat(100_000), /^x{100000}$/],
      ["upper", "shout", /^SHOUT$/],
      ["discard", "gone", /^$/],
      ["daytime", "", /UTC\r\n$/],
      ["time", "", /^[^]{1,4}$/],
    ];
    await Promise.all(answers.map(async ([service, said, heard]) => {
      await using running = await modelled(service, model);
      const { tcp, unix } = running;
      for (const address of [tcp, unix]) {
        const answer = await ask(address, said);
        assert(heard.test(answer), `${service} at ${address}: ${answer.slice(0, 50)}`);
      }
    }));
  });

  Deno.test(`${model}: a source that never ends stops when its reader goes`, async () => {
    await using running = await modelled("chargen", model);
    const { tcp, server } = running;
    {
      await using session = await connect(tcp);
      await session.read(new Uint8Array(4096));
      session.abort();
    }
    await until(() => server.open === 0, "the session's end");
    const { accepted, failed, ended } = server.tally();
    assertEquals([accepted, failed + ended], [1, 1]);
  });

  Deno.test(`${model}: the tally counts what has passed in sessions that are open`, async () => {
    const supervision = model === "loop" || model === "iterative" ? {} : { pingMs: 50 };
    await using running = await modelled("upper", model, { supervision });
    const { tcp, server } = running;
    {
      await using session = await connect(tcp);
      const passed = () => [server.open, server.tally().bytesIn, server.tally().bytesOut].join();
      assertEquals(await exchange(session, "open"), "OPEN");
      await until(() => passed() === "1,4,4", "four bytes each way");
      assertEquals(await exchange(session, "still"), "STILL");
      await until(() => passed() === "1,9,9", "nine bytes each way");
    }
    await until(() => server.open === 0, "the session's end");
    const { bytesIn, bytesOut } = server.tally();
    assertEquals([bytesIn, bytesOut], [9, 9], "counted once");
  });

  Deno.test(`${model}: exec gives each session a process, and its line the exit status`, async () => {
    await using running = await modelled("exec", model, {
      subject: "sh:cat; echo to $PLUMB_PEER; exit 3",
    });
    const { tcp, unix, log, server } = running;
    assert(/^data\nto tcp:\/\/127/.test(await ask(tcp, "data\n")));
    assert(/^more\nto unix:@/.test(await ask(unix, "more\n")));
    await until(() => server.open === 0, "both sessions' ends");
    for (const { text } of log.of("session")) {
      assert(/peer-end, child=\d+ exit=3$/.test(text), text);
    }
  });

  Deno.test(`${model}: bounds are the server's, whoever serves`, async () => {
    await using running = await modelled("echo", model, {
      maximumSessions: many ? 2 : 1,
      maximumPerPeer: 2,
    });
    const { tcp, server, log } = running;
    const open: Duplex[] = [];
    for (let n = 0; n < (many ? 2 : 1); n++) {
      const session = await connect(tcp);
      assertEquals(await exchange(session, "hi"), "hi");
      open.push(session);
    }
    await using late = await connect(tcp);
    const answer = exchange(late, "late");
    const early = await Promise.race([answer, new Promise((r) => setTimeout(r, 100, "waits"))]);
    assertEquals(early, "waits");
    assertEquals(server.open, open.length);
    for (const session of open) await session[Symbol.asyncDispose]();
    assertEquals(await answer, "late");
    assertEquals(log.of("died"), []);
  });

  Deno.test(`${model}: who is not let in is reset, and counted`, async () => {
    await using running = await modelled("echo", model, { access: () => "nobody is" });
    const { tcp, server } = running;
    for (let n = 0; n < 3; n++) {
      // The reset may come before the connect is over.
      const session = await connect(tcp).catch(() => null);
      if (session !== null) assert(await isEnded(session));
      await session?.[Symbol.asyncDispose]();
    }
    await until(() => server.tally().refused === 3, "three refusals");
    assertEquals(server.tally().accepted, 0);
  });

  if (many) {
    Deno.test(`${model}: one address has no more than its share, or hears the message`, async () => {
      await using running = await modelled("echo", model, {
        maximumPerPeer: 1,
        busyMessage: "full",
      });
      const { tcp, server } = running;
      await using first = await connect(tcp);
      assertEquals(await exchange(first, "hi"), "hi");
      assertEquals(await ask(tcp, "unread"), "full\n");
      assertEquals(server.tally().refused, 1);
    });
  }

  Deno.test(`${model}: sessions end at their times, each with its reason`, async () => {
    const times: [string, ServeOptions][] = [
      ["idle", { idleMs: 60 }],
      ["lifetime", { lifetimeMs: 60 }],
      ["idle", { firstByteMs: 60 }],
    ];
    await Promise.all(times.map(async ([reason, options]) => {
      await using running = await modelled("echo", model, options);
      const { tcp, server, log } = running;
      await using session = await connect(tcp);
      assert(await isEnded(session));
      await until(() => server.open === 0 && log.of("session").length > 0, "its line");
      assertEquals(log.of("session")[0]?.fields.reason, reason);
    }));
  });

  Deno.test(`${model}: a drain lets sessions end, closes the port, and counts whom it cut`, async () => {
    await using ending = await modelled("echo", model, { drainMs: 5_000 });
    const session = await connect(ending.tcp);
    assertEquals(await exchange(session, "hi"), "hi");
    const drained = ending.server.drain();
    await assertRefused(ending.tcp);
    assertEquals(await exchange(session, "still"), "still");
    await session[Symbol.asyncDispose]();
    const { ended, cut } = await drained;
    assertEquals([ended, cut], [1, 0]);

    await using cutting = await modelled("echo", model, { drainMs: 50 });
    await using stays = await connect(cutting.tcp);
    assertEquals(await exchange(stays, "hi"), "hi");
    const tally = await cutting.server.drain();
    assertEquals([tally.ended, tally.cut], [0, 1]);
    assert(await isEnded(stays));
  });

  Deno.test(`${model}: a session's line has its bytes, its reason and who served`, async () => {
    await using running = await modelled("echo", model);
    const { tcp, server, log } = running;
    assertEquals(await ask(tcp, "12345"), "12345");
    await until(() => log.of("session").length === 1, "its line");
    const [line] = log.of("session");
    const { bytesIn, bytesOut, reason, worker } = line?.fields ?? {};
    assertEquals([bytesIn, bytesOut, reason], [5, 5, "peer-end"]);
    if (traits.worker === null) assertEquals(worker, undefined);
    else assert(traits.worker.test(String(worker)), String(worker));
    if (traits.reaped) assert(/child=(\d+) exit=0$/.test(line?.text ?? ""), line?.text);
    assertEquals(server.tally().bytesIn, 5);
  });
}

/** The port is free, or at least nobody listens there any more. */
async function assertRefused(tcp: string): Promise<void> {
  for (let n = 0;; n++) {
    try {
      const session = await connect(tcp, { timeoutMs: 1_000 });
      session.abort();
    } catch {
      return;
    }
    // Members close their share a moment after the server has closed its own.
    if (n > 100) await assertRejects(() => connect(tcp));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
