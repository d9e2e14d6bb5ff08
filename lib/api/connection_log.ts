/**
 * Events of a connection -> lines for people and fields for programs.
 * @module
 */

import { formatDuration } from "../address/value.ts";
import type { NetError } from "../core/error.ts";
import type { Log, LogFields } from "../core/log.ts";
import type { ConnectionEvent } from "../link/reconnect_options.ts";

/**
 * Says what happens to a connection, as the event `connection`.
 *
 * @param address the endpoint in the address language, without its options
 */
export function logConnection(log: Log, address: string): (event: ConnectionEvent) => void {
  return (event) => {
    if (!log.enabled("info")) return;
    log.write("info", "connection", `${address}: ${textOf(event)}`, {
      state: event.state,
      address,
      ...fieldsOf(event),
    });
  };
}

function textOf(event: ConnectionEvent): string {
  switch (event.state) {
    case "connecting":
      return `connecting (attempt ${event.attempt})`;
    case "up":
      return `up, ${event.local.text} to ${event.remote.text}`;
    case "down": {
      const why = event.error === undefined ? event.reason : causeOf(event.error);
      const taken = event.bytesHandedOver;
      const atRisk = Math.min(event.bytesUnacknowledged ?? taken, taken);
      const were = taken === 1 ? "1 byte was" : `${taken} bytes were`;
      const are = taken === 1 ? "is" : "are";
      const lost = taken === 0 ? "" : `; ${were} handed over and ${are} not sent again, ` +
        `${atRisk} of them may be lost`;
      return `down after ${shown(event.upMs)}: ${why}${lost}`;
    }
    case "waiting": {
      const why = event.error === undefined ? "" : `: ${causeOf(event.error)}`;
      const blame = event.blame === "local" ? " (not the peer's fault, not counted)" : "";
      return `next attempt in ${shown(event.delayMs)}${why}${blame}`;
    }
    case "dropped":
      return `${event.bytes === 1 ? "1 byte was" : `${event.bytes} bytes were`} thrown away`;
    case "given-up":
      return `given up: ${event.error.message}`;
  }
}

function fieldsOf(event: ConnectionEvent): LogFields {
  switch (event.state) {
    case "connecting":
      return { attempt: event.attempt };
    case "up":
      return { attempt: event.attempt, local: event.local.text, remote: event.remote.text };
    case "down":
      return {
        reason: event.reason,
        ...errorFields(event.error),
        upMs: Math.round(event.upMs),
        bytesHandedOver: event.bytesHandedOver,
        bytesUnacknowledged: event.bytesUnacknowledged,
      };
    case "waiting":
      return {
        delayMs: Math.round(event.delayMs),
        failures: event.failures,
        blame: event.blame,
        ...errorFields(event.error),
      };
    case "dropped":
      return { bytes: event.bytes };
    case "given-up":
      return errorFields(event.error);
  }
}

function errorFields(error: NetError | undefined): LogFields {
  return error === undefined ? {} : { message: error.message, code: error.code ?? null };
}

function causeOf({ reason, code }: NetError): string {
  return code === undefined ? reason : `${reason} (${code})`;
}

function shown(durationMs: number): string {
  return formatDuration(Math.round(durationMs));
}
