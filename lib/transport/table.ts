/**
 * Every transport, in one explicit list: nothing registers itself.
 * @module
 */

import type { Scheme } from "../core/address.ts";
import type { Transport } from "../core/transport.ts";
import { descriptorTransport } from "./descriptor.ts";
import { fifoTransport } from "./fifo.ts";
import { fileTransport } from "./file.ts";
import { memoryTransport } from "./memory.ts";
import { execTransport, shTransport } from "./process.ts";
import { scriptTransport } from "./script.ts";
import { stdioTransport } from "./stdio.ts";
import { tcpTransport } from "./tcp.ts";
import { udpTransport } from "./udp.ts";
import { unixTransport } from "./unix.ts";
import { unixgramTransport } from "./unixgram.ts";

/** The transports by scheme, in the order that help shows them. */
export const transports: Readonly<Record<Scheme, Transport>> = {
  tcp: tcpTransport,
  udp: udpTransport,
  unix: unixTransport,
  unixgram: unixgramTransport,
  exec: execTransport,
  sh: shTransport,
  stdio: stdioTransport,
  fd: descriptorTransport,
  file: fileTransport,
  fifo: fifoTransport,
  memory: memoryTransport,
  script: scriptTransport,
};
