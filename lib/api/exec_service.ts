/**
 * `serve exec`: each session is the standard input and output of a process of its own.
 * @module
 */

import { parseAddress } from "../address/parse.ts";
import type { Address } from "../core/address.ts";
import type { HandlerService, OpenedService } from "../service/handler.ts";
import { childPorts } from "./child_ports.ts";
import { dial } from "./connect.ts";
import { portsOf } from "./endpoint.ts";
import { pairing } from "./pairing.ts";

/** `CMD ARG...`, `exec:CMD ARG...` or `sh:TEXT` -> the process. @throws {AddressError} */
export function commandAddress(subject: string): Address {
  const text = /^(exec|sh):/.test(subject) ? subject : `exec:${subject}`;
  return parseAddress(text, { side: "active" });
}

/** A process for each session: what inetd does (inetd(8), "nowait"). */
export const execService: HandlerService = {
  name: "exec",
  summary: "a process for each session: its standard input and output are the connection",
  rfc: null,
  port: null,
  stream: true,
  datagram: false,
  options: [],
  actsOnMachine: true,
  subject: {
    name: "CMD",
    summary: "exec: the command with its arguments, as one word",
    required: true,
    matches: () => true,
  },
  open({ subject = "", idleMs, lifetimeMs }): Promise<OpenedService> {
    const address = commandAddress(subject);
    const ports = portsOf({});
    const handle = pairing("a", (context, { id }, session) => {
      return dial(address, context, childPorts(ports, id, session.remote.text, session.local.text));
    }, {
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
    });
    return Promise.resolve({ handle, [Symbol.asyncDispose]: () => Promise.resolve() });
  },
};
