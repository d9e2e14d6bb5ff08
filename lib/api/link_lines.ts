/**
 * Events of a link -> the lines and fields that are said of them, for both sides.
 * @module
 */

import { formatDuration } from "../address/value.ts";
import { type NetError, quote } from "../core/error.ts";
import type { Log, LogFields, LogLevel } from "../core/log.ts";
import type { LinkEvent, LinkServerEvent } from "../link/link_options.ts";

/** What is said of an event. */
interface Line {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields?: LogFields;
}

/** Says what happens to a client. @param address of the server */
export function sayLinkEvent(address: string, event: LinkEvent, log: Log): void {
  const { level, text, fields = {} } = clientLine(event);
  const { state } = event;
  log.write(level, "link", `link ${address}: ${text}`, { state, address, ...fields });
}

function clientLine(event: LinkEvent): Line {
  switch (event.state) {
    case "connecting":
      return {
        level: "info",
        text: `connecting, attempt ${event.attempt}`,
        fields: { attempt: event.attempt },
      };
    case "up": {
      const { resumed, resent, local, remote } = event;
      const text = resumed ? `up again, ${resent} frames sent again` : "up";
      const fields = { resumed, resent, local: local.text, remote: remote.text };
      return { level: resumed ? "notice" : "info", text, fields };
    }
    case "suspect":
      return { level: "info", text: "the other side is silent" };
    case "down": {
      const { reason, error, upMs } = event;
      const why = error?.reason ?? reason;
      const fields = { reason, upMs: Math.round(upMs), ...messageOf(error) };
      return { level: "notice", text: `down: ${why}; the session goes on`, fields };
    }
    case "waiting": {
      const { delayMs, failures, error, blame } = event;
      const why = error === undefined ? "" : `${whyOf(error)}; `;
      const text = `${why}next attempt in ${formatDuration(Math.round(delayMs))}`;
      const fields = { delayMs: Math.round(delayMs), failures, blame, ...messageOf(error) };
      // The first of a row is news; the others are the same again.
      return { level: failures === 1 ? "notice" : "info", text, fields };
    }
    case "session-gone":
      return { level: "warning", text: event.error.reason, fields: messageOf(event.error) };
    case "taken-over":
      return { level: "info", text: event.error.reason, fields: messageOf(event.error) };
    case "ended":
      return { level: "info", text: "ended", fields: messageOf(event.error) };
  }
}

/** Says what happens to a server. */
export function sayLinkServerEvent(event: LinkServerEvent, log: Log): void {
  const { level, text, fields = {} } = serverLine(event);
  log.write(level, "link", text, { state: event.state, ...fields });
}

function serverLine(event: LinkServerEvent): Line {
  switch (event.state) {
    case "up": {
      const { id, identity, remote, resumed } = event;
      const who = identity === "" ? "" : ` of ${quote(identity)}`;
      const text = `link ${id}${who}: ${resumed ? "up again" : "up"} by ${remote.text}`;
      return { level: "info", text, fields: { id, identity, remote: remote.text, resumed } };
    }
    case "down": {
      const { id, error } = event;
      const why = error === undefined ? "" : `: ${error.reason}`;
      const text = `link ${id}: down${why}; it is kept for its client`;
      return { level: "info", text, fields: { id, ...messageOf(error) } };
    }
    case "over": {
      const { id, code, error } = event;
      const why = error?.reason ?? code;
      return {
        level: "info",
        text: `link ${id}: over: ${why}`,
        fields: { id, code, ...messageOf(error) },
      };
    }
    case "refused": {
      const { remote, error } = event;
      const text = `link refused to ${remote.text}: ${error.reason}`;
      return { level: "warning", text, fields: { remote: remote.text, ...messageOf(error) } };
    }
  }
}

/** The line is about the link already: only what has another subject is told with it. */
function whyOf({ op, reason, message, code }: NetError): string {
  if (op !== "link") return message;
  return code === undefined ? reason : `${reason} (${code})`;
}

function messageOf(error: { message: string; code: string | undefined } | undefined): LogFields {
  return error === undefined ? {} : { message: error.message, code: error.code ?? null };
}
