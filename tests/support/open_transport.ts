/**
 * Opens endpoints by text through one transport, without the table.
 * @module
 */

import "./libc.ts";
import { bindOptions } from "../../lib/address/options.ts";
import { parseAddress } from "../../lib/address/parse.ts";
import type { Address } from "../../lib/core/address.ts";
import { type Context, makeContext } from "../../lib/core/context.ts";
import type { Datagrams, Duplex, Incoming, Listener } from "../../lib/core/contract.ts";
import type { Passive, Ports, StandardStreams, Transport } from "../../lib/core/transport.ts";

/** Standard streams that must not be touched. */
export const noStreams: StandardStreams = {
  inputIsTerminal: false,
  outputIsTerminal: false,
  read: () => Promise.reject(new Error("standard input was read")),
  write: () => Promise.reject(new Error("standard output was written")),
  closeOutput: () => {},
};

/** What a test may hand in besides the address. */
export interface Opening {
  readonly context?: Context;
  readonly ports?: Ports;
}

/** Connects. @throws what the transport throws */
export function connectWith<A extends Address>(
  transport: Transport<A>,
  text: string,
  { context = makeContext(), ports = { stdio: noStreams } }: Opening = {},
): Promise<Duplex> {
  const address = parseAddress(text) as A;
  if (transport.connect === undefined) throw new Error("no active side");
  const options = bindOptions(address, transport.options);
  return transport.connect({ address, options, context, ports });
}

/** Listens; gives the only endpoint. @throws what the transport throws */
export async function listenWith<A extends Address>(
  transport: Transport<A>,
  text: string,
  { context = makeContext(), ports = { stdio: noStreams } }: Opening = {},
): Promise<Listener> {
  const passive = await passiveWith(transport, text, { context, ports });
  if (passive.kind !== "listener") throw new Error("not a listener");
  return passive.listener;
}

/** Listens for datagrams. @throws what the transport throws */
export async function datagramsWith<A extends Address>(
  transport: Transport<A>,
  text: string,
  opening: Opening = {},
): Promise<Datagrams> {
  const passive = await passiveWith(transport, text, opening);
  if (passive.kind !== "datagrams") throw new Error("not a datagram socket");
  return passive.datagrams;
}

async function passiveWith<A extends Address>(
  transport: Transport<A>,
  text: string,
  { context = makeContext(), ports = { stdio: noStreams } }: Opening,
): Promise<Passive> {
  const address = parseAddress(`listen:${text}`, { side: "passive" }) as A;
  if (transport.listen === undefined) throw new Error("no passive side");
  const options = bindOptions(address, transport.options);
  const [passive, ...others] = await transport.listen({ address, options, context, ports });
  if (passive === undefined || others.length > 0) throw new Error("not one endpoint");
  return passive;
}

/** Accepts one session. */
export async function acceptOne(listener: Listener): Promise<Duplex> {
  const incoming: Incoming | null = await listener.accept();
  if (incoming === null) throw new Error("the listener was closed");
  return incoming.settle(makeContext());
}

/** Reads to the end, as text of one code unit a byte. */
export async function readAll(session: Duplex, bufferBytes = 64 * 1024): Promise<string> {
  const buffer = new Uint8Array(bufferBytes);
  let text = "";
  for (;;) {
    const count = await session.read(buffer);
    if (count === null) return text;
    text += String.fromCharCode(...buffer.subarray(0, count));
  }
}

/** Reads once, as text. */
export async function readOnce(session: Duplex): Promise<string | null> {
  const buffer = new Uint8Array(4096);
  const count = await session.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

/** Writes text. */
export function writeText(session: Duplex, text: string): Promise<void> {
  return session.write(new TextEncoder().encode(text));
}
