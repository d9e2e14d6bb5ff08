/**
 * Classic BPF on a socket: the kernel drops what the program refuses before it is queued
 * (SO_ATTACH_FILTER, socket(7); Documentation/networking/filter.rst). No privilege is needed.
 * @module
 */

import { SOL_SOCKET } from "./constants.ts";
import { setOption } from "./option.ts";

const SO_ATTACH_FILTER = 26;

/** One instruction, `struct sock_filter`; `yes` and `no` say how many to leave out after a jump. */
export interface FilterInstruction {
  readonly code: number;
  readonly k: number;
  readonly yes?: number;
  readonly no?: number;
}

/** Offsets in a load: from the network header on, and what the kernel knows beside the packet. */
const networkHeader = 0xfff00000; // SKF_NET_OFF, -0x100000
const ancillary = 0xfffff000; // SKF_AD_OFF, -0x1000

/** Loads the byte at an offset of the network header (BPF_LD | BPF_B | BPF_ABS). */
export function loadByte(offset: number): FilterInstruction {
  return { code: 0x30, k: networkHeader + offset };
}

/** Loads 32 bits, in network order, at an offset of the network header (BPF_LD | BPF_W | BPF_ABS). */
export function loadWord(offset: number): FilterInstruction {
  return { code: 0x20, k: networkHeader + offset };
}

/** Loads the number of the interface that the packet came in by (SKF_AD_IFINDEX). */
export const loadInterface: FilterInstruction = { code: 0x20, k: ancillary + 8 };

/** Goes on where it equals, else leaves out `no` instructions (BPF_JMP | BPF_JEQ | BPF_K). */
export function unlessEqualSkip(k: number, no: number): FilterInstruction {
  return { code: 0x15, k, no };
}

/** Ends the program: the packet is queued whole (BPF_RET | BPF_K, as many bytes as there are). */
export const accept: FilterInstruction = { code: 0x06, k: 0xffffffff };

/** Ends the program: the packet never was. */
export const drop: FilterInstruction = { code: 0x06, k: 0 };

/**
 * Attaches a program, in place of one that is there.
 *
 * @throws {NetError} with the system's code: EINVAL for what the kernel refuses to run, more than
 * 4,096 instructions included
 */
export function attachFilter(fd: number, program: readonly FilterInstruction[]): void {
  const code = new DataView(new ArrayBuffer(8 * program.length));
  program.forEach((one, at) => {
    code.setUint16(8 * at, one.code, true);
    code.setUint8(8 * at + 2, one.yes ?? 0);
    code.setUint8(8 * at + 3, one.no ?? 0);
    code.setUint32(8 * at + 4, one.k, true);
  });
  // struct sock_fprog: how many instructions, padding, where they are
  const head = new DataView(new ArrayBuffer(16));
  head.setUint16(0, program.length, true);
  head.setBigUint64(8, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(code))), true);
  setOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, new Uint8Array(head.buffer));
}
