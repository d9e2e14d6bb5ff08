/**
 * What a server and those who serve its sessions elsewhere (far processes, far threads) say to each
 * other. Every message is a plain JSON object; what comes from the other side is checked.
 * @module
 */

import type { ChildStatus, Peer, SocketOptionSetting } from "../core/contract.ts";
import { describeCode, NetError } from "../core/error.ts";
import type { LogFields, LogLevel } from "../core/log.ts";
import { type Reason, reasons } from "../core/reason.ts";
import type { SessionFlows, SessionReport } from "./policy.ts";

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [name: string]: Json | undefined;
};

/** An accepted socket of a thread, so that it can be closed where the thread has been ended. */
export interface FarConnection {
  readonly descriptor: number;
  /** Tells it from a later one under the same number. */
  readonly cookie: string;
}

/** What has passed in one open session. */
export interface KeyedFlows extends SessionFlows {
  readonly key: number;
}

/** A listening socket, by its number at the far side. */
export interface FarSocket {
  readonly descriptor: number;
  readonly local: Peer;
  /** As in `Listener`. */
  readonly uninherited?: readonly SocketOptionSetting[];
}

/** What the server says. */
export type NearMessage =
  /** First of all: what to serve, and where. */
  | { type: "start"; task: Json; sockets: readonly FarSocket[] }
  /** One more connection may be accepted. */
  | { type: "permit" }
  /** The answer to "accepted". `open` is how many sessions the whole server has, this one included. */
  | { type: "serve"; key: number; id: number; open: number }
  | { type: "refuse"; key: number; how: "reset" | "busy" }
  /** End every session now. */
  | { type: "cut"; reason: Reason }
  /** Accept no more; end when the sessions are over. */
  | { type: "close" }
  /** Connections that wait for their next attempt make it now (SIGHUP). */
  | { type: "retry" }
  /** To be answered by "pong": a loop that turns is alive. `open` as with "serve". */
  | { type: "ping"; open: number };

/** What the far side says. */
export type FarMessage =
  /** It has its task, and waits for a permit. */
  | { type: "ready" }
  /** Used its permit. `at` is the place of the socket, `key` names the connection from here on. */
  | { type: "accepted"; key: number; at: number; remote: Peer; connection?: FarConnection }
  | { type: "ended"; key: number; report: SessionReport }
  /** What has passed so far in sessions where something has since it was last said. */
  | { type: "flows"; flows: readonly KeyedFlows[] }
  | { type: "pong" }
  /** It has closed its share of the listening sockets. */
  | { type: "closed" }
  | { type: "log"; level: LogLevel; event: string; text: string; fields: LogFields }
  /** Text for standard error as it is (a hexdump). */
  | { type: "text"; text: string }
  /** It cannot go on, and ends. */
  | { type: "failed"; error: NetError };

/** A message of the far side as it travels: an error is its parts. */
export function farToJson(message: FarMessage): unknown {
  if (message.type === "failed") return { type: "failed", error: errorToJson(message.error) };
  if (message.type !== "ended") return message;
  const { error, ...report } = message.report;
  const parts = { ...report, ...(error === undefined ? {} : { error: errorToJson(error) }) };
  return { ...message, report: parts };
}

/** Reads what the far side said. @throws {NetError} kind "protocol" */
export function readFarMessage(value: unknown): FarMessage {
  const message = record(value);
  switch (message.type) {
    case "ready":
    case "pong":
    case "closed":
      return { type: message.type };
    case "accepted": {
      const { key, at, remote, connection } = message;
      const known = connection === undefined ? {} : { connection: readConnection(connection) };
      return {
        type: "accepted",
        key: count(key),
        at: count(at),
        remote: readPeer(remote),
        ...known,
      };
    }
    case "ended":
      return { type: "ended", key: count(message.key), report: readReport(message.report) };
    case "flows": {
      if (!Array.isArray(message.flows)) throw unreadable("flows");
      const flows = message.flows.map((one) => {
        const { key, bytesIn, bytesOut } = record(one);
        return { key: count(key), bytesIn: count(bytesIn), bytesOut: count(bytesOut) };
      });
      return { type: "flows", flows };
    }
    case "log": {
      const level = word(message.level, levels);
      const fields = record(message.fields);
      return { type: "log", level, event: text(message.event), text: text(message.text), fields };
    }
    case "text":
      return { type: "text", text: text(message.text) };
    case "failed":
      return { type: "failed", error: readError(message.error) };
  }
  throw unreadable("type");
}

/** Reads what the server said. @throws {NetError} kind "protocol" */
export function readNearMessage(value: unknown): NearMessage {
  const message = record(value);
  switch (message.type) {
    case "permit":
    case "close":
    case "retry":
      return { type: message.type };
    case "ping":
      return { type: "ping", open: count(message.open) };
    case "start": {
      if (!Array.isArray(message.sockets)) throw unreadable("sockets");
      const sockets = message.sockets.map((one) => {
        const { descriptor, local, uninherited } = record(one);
        return {
          descriptor: count(descriptor),
          local: readPeer(local),
          ...(uninherited === undefined ? {} : { uninherited: readOptions(uninherited) }),
        };
      });
      return { type: "start", task: message.task as Json, sockets };
    }
    case "serve":
      return {
        type: "serve",
        key: count(message.key),
        id: count(message.id),
        open: count(message.open),
      };
    case "refuse":
      return {
        type: "refuse",
        key: count(message.key),
        how: word(message.how, ["reset", "busy"] as const),
      };
    case "cut":
      return { type: "cut", reason: readReason(message.reason) };
  }
  throw unreadable("type");
}

function readOptions(value: unknown): readonly SocketOptionSetting[] {
  if (!Array.isArray(value)) throw unreadable("options");
  return value.map((one) => {
    const { name, value } = record(one);
    return { name: text(name), value: typeof value === "boolean" ? value : count(value) };
  });
}

const levels = ["error", "warning", "notice", "info", "debug"] as const;

function readPeer(value: unknown): Peer {
  const { scheme, text: name, host, port, path, credentials } = record(value);
  return {
    scheme: text(scheme),
    text: text(name),
    ...(host === undefined ? {} : { host: text(host) }),
    ...(port === undefined ? {} : { port: count(port) }),
    ...(path === undefined ? {} : { path: text(path) }),
    ...(credentials === undefined ? {} : { credentials: readCredentials(credentials) }),
  };
}

function readConnection(value: unknown): FarConnection {
  const { descriptor, cookie } = record(value);
  return { descriptor: count(descriptor), cookie: text(cookie) };
}

function readCredentials(value: unknown): { pid: number; uid: number; gid: number } {
  const { pid, uid, gid } = record(value);
  return { pid: count(pid), uid: count(uid), gid: count(gid) };
}

function readReport(value: unknown): SessionReport {
  const { reason, bytesIn, bytesOut, error, child, other } = record(value);
  return {
    reason: readReason(reason),
    bytesIn: count(bytesIn),
    bytesOut: count(bytesOut),
    ...(error === undefined ? {} : { error: readError(error) }),
    ...(child === undefined ? {} : { child: readChild(child) }),
    ...(other === undefined ? {} : { other: text(other) }),
  };
}

function readChild(value: unknown): ChildStatus {
  const { pid, code, signal } = record(value);
  return { pid: count(pid), code: count(code), signal: signal === null ? null : text(signal) };
}

function readReason(value: unknown): Reason {
  return word(value, Object.keys(reasons) as Reason[]);
}

function errorToJson(error: NetError): Json {
  const { kind, op, address, code, hint, blame, reason } = error;
  return { kind, op, address, code, hint, blame, message: reason };
}

/** What travelled is the error's parts; its attempts and causes stay where they happened. */
function readError(value: unknown): NetError {
  const { kind, op, address, code, hint, blame, message } = record(value);
  const known = typeof kind === "string" ? kind : describeCode(String(code)).kind;
  return new NetError({
    kind: known as NetError["kind"],
    op: text(op),
    message: text(message),
    ...(address === undefined ? {} : { address: text(address) }),
    ...(code === undefined ? {} : { code: text(code) }),
    ...(hint === undefined ? {} : { hint: text(hint) }),
    blame: blame === "remote" ? "remote" : "local",
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unreadable("object");
  }
  return value as Readonly<Record<string, unknown>>;
}

function count(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw unreadable("number");
  }
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw unreadable("text");
  return value;
}

function word<W extends string>(value: unknown, words: readonly W[]): W {
  const found = words.find((one) => one === value);
  if (found === undefined) throw unreadable("word");
  return found;
}

function unreadable(what: string): NetError {
  const message = `a control message has no good ${what}`;
  return new NetError({ kind: "protocol", op: "control", message });
}
