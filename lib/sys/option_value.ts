/**
 * Values of socket options as bytes, and back. Pure.
 * @module
 */

import { concatenate } from "../core/bytes.ts";

/** Kernel's keepalive of a connection (tcp(7)); what is left out stays as the system has it. */
export interface KeepaliveValue {
  /** Silence before the first probe; whole seconds, in milliseconds. */
  readonly idleMs?: number;
  /** Time between probes; whole seconds, in milliseconds. */
  readonly intervalMs?: number;
  /** Probes without an answer after which the connection is dead. */
  readonly count?: number;
}

/** Durations are in milliseconds, sizes in bytes; `false` switches linger and keepalive off. */
export type SocketOptionValue = boolean | number | string | KeepaliveValue;

/** How a value lies in memory. */
export type OptionEncoding =
  | "flag" /* int, 0 or 1 */
  | "integer" /* int */
  | "unsigned" /* unsigned int */
  | "size" /* int, bytes */
  | "seconds" /* int; a duration outside */
  | "milliseconds" /* int; a duration outside */
  | "microseconds" /* int; a duration outside */
  | "timeval" /* struct timeval, two 64-bit numbers; a duration outside */
  | "linger" /* struct linger; a duration outside, false is off */
  | "keepalive" /* an int, and three options more: socket_options.ts */
  | "text" /* bytes */
  | "bytes" /* bytes; hex outside */
  | "interface" /* struct in_addr; its address outside; read only */
  | "structure"; /* bytes that others understand; hex outside; read only */

/** How many milliseconds one unit of an `int` is. */
const unitMs = { seconds: 1000, milliseconds: 1, microseconds: 0.001 } as const;

/** Encodes a value. @returns the bytes, or why it cannot be that option's value */
export function encodeOption(
  encoding: OptionEncoding,
  value: SocketOptionValue,
): Uint8Array<ArrayBuffer> | string {
  switch (encoding) {
    case "flag":
    case "keepalive":
      return typeof value === "boolean" ? int(value ? 1 : 0) : "is on or off";
    case "integer":
    case "size":
      return encodeNumber(value, -(2 ** 31), 2 ** 31 - 1);
    case "unsigned":
      return encodeNumber(value, 0, 2 ** 32 - 1);
    case "seconds":
    case "milliseconds":
    case "microseconds":
      return encodeDuration(value, unitMs[encoding], encoding);
    case "timeval": {
      if (typeof value !== "number" || !(value >= 0) || !isFinite(value)) return "is a duration";
      const seconds = Math.floor(value / 1000);
      const parts = [seconds, Math.round((value - seconds * 1000) * 1000)];
      return new Uint8Array(BigInt64Array.from(parts, BigInt).buffer);
    }
    case "linger": {
      if (value === false) return new Uint8Array(8);
      const seconds = encodeDuration(value, unitMs.seconds, "seconds");
      return typeof seconds === "string" ? seconds : concatenate([int(1), seconds]);
    }
    case "text":
      return typeof value === "string" ? new TextEncoder().encode(value) : "is a text";
    case "bytes":
      return encodeHex(value);
    case "interface":
    case "structure":
      return "can only be read";
  }
}

function encodeHex(value: SocketOptionValue) {
  if (typeof value === "string" && /^(?:[0-9a-f]{2})*$/i.test(value)) {
    return Uint8Array.fromHex(value);
  }
  return "is written in hex, two digits a byte";
}

function encodeNumber(value: SocketOptionValue, minimum: number, maximum: number) {
  if (typeof value !== "number" || !Number.isInteger(value)) return "is a whole number";
  if (value < minimum || value > maximum) return `is from ${minimum} to ${maximum}`;
  return int(value);
}

/** The kernel counts in whole units. Rounding would promise a time that is not kept. */
function encodeDuration(value: SocketOptionValue, unit: number, name: string) {
  if (typeof value !== "number") return "is a duration";
  const count = Math.round(value / unit);
  // 0.001 is no binary fraction: a millionth of a unit is forgiven. NaN is not.
  if (!(Math.abs(value / unit - count) < 1e-6)) return `is counted in whole ${name}`;
  if (count < 0 || count > 2 ** 31 - 1) return `is from 0 to ${2 ** 31 - 1} ${name}`;
  return int(count);
}

/** `int` as it lies in memory: x86-64 and arm64 are little-endian, as is every typed array there. */
function int(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** Decodes what getsockopt gave. */
export function decodeOption(encoding: OptionEncoding, bytes: Uint8Array): SocketOptionValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // A few options of IP answer with one byte (ip(7): IP_MULTICAST_LOOP).
  const number = () => bytes.length < 4 ? bytes[0] ?? 0 : view.getInt32(0, true);
  switch (encoding) {
    case "flag":
    case "keepalive":
      return number() !== 0;
    case "integer":
    case "size":
      return number();
    case "unsigned":
      return number() >>> 0;
    case "seconds":
    case "milliseconds":
      return number() * unitMs[encoding];
    case "microseconds":
      return number() / 1000;
    case "timeval":
      return Number(view.getBigInt64(0, true)) * 1000 + Number(view.getBigInt64(8, true)) / 1000;
    case "linger":
      return number() !== 0 && view.getInt32(4, true) * 1000;
    case "text": {
      const end = bytes.indexOf(0);
      return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
    }
    case "interface":
      return bytes.subarray(0, 4).join(".");
    case "bytes":
    case "structure":
      return bytes.toHex();
  }
}
