/**
 * Clients by the hundred, for tests of servers under load.
 * @module
 */

import { connect } from "../../lib/api/connect.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { readToEnd } from "./pair.ts";
import { within } from "./within.ts";

/** What a client says and hears. */
export async function converse(address: string, text: string): Promise<string> {
  await using client = await connect(address);
  await client.write(new TextEncoder().encode(text));
  await client.closeWrite();
  return new TextDecoder().decode(await wholeAnswer(client));
}

/** What a server says until it ends. */
export async function wholeAnswer(client: Duplex): Promise<Uint8Array> {
  return await within(readToEnd(client), () => `${client.remote.text} does not end`);
}

/** What comes next: text, or null at the end. @param atMost bytes */
export async function nextText(client: Duplex, atMost = 64 * 1024): Promise<string | null> {
  const into = new Uint8Array(atMost);
  const count = await within(client.read(into), () => `${client.remote.text} is silent`);
  return count === null ? null : new TextDecoder().decode(into.subarray(0, count));
}

/** Who connects next. */
export async function nextPeer(listener: Deno.TcpListener): Promise<Deno.TcpConn> {
  return await within(listener.accept(), () => "nobody connects");
}

/** Its answer, or the kind of error that it met. */
export async function fateOf(address: string, text = "x"): Promise<string> {
  try {
    return await converse(address, text);
  } catch (thrown) {
    if (thrown instanceof NetError) return thrown.kind;
    throw thrown;
  }
}

/** Says something and reads as much back: the session is open then, and stays open. */
export async function echoed(client: Duplex, text = "x"): Promise<string> {
  await client.write(new TextEncoder().encode(text));
  return await nextText(client, text.length) ?? "";
}

/** Runs `work` so often, at most `width` at a time. */
export async function many(
  count: number,
  width: number,
  work: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const runner = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, runner));
}

/** Processor time that a process has taken (proc_pid_stat(5): utime and stime), in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // USER_HZ is 100
}
