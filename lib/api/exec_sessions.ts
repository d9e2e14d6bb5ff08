/**
 * The sessions of `serve exec`: the connection, joined to a process of its own.
 * @module
 */

import { parseAddress } from "../address/parse.ts";
import type { Address } from "../core/address.ts";
import type { HandlerSetup, OpenedService } from "../service/handler.ts";
import { childPorts } from "./child_ports.ts";
import { dial } from "./connect.ts";
import { portsOf } from "./endpoint.ts";
import { pairing } from "./pairing.ts";

/** Opens the service. @throws {AddressError} where its subject is no command */
// deno-lint-ignore require-await -- what is thrown must be a rejection
export async function openExec(setup: HandlerSetup): Promise<OpenedService> {
  const { subject = "", idleMs, lifetimeMs } = setup;
  const address = commandAddress(subject);
  const ports = portsOf({});
  const handle = pairing("a", (context, { id }, { remote, local }) => {
    return dial(address, context, childPorts(ports, id, remote.text, local.text));
  }, {
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  });
  return { handle, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** `CMD ARG...`, `exec:CMD ARG...` or `sh:TEXT` -> the process. */
function commandAddress(subject: string): Address {
  const text = /^(exec|sh):/.test(subject) ? subject : `exec:${subject}`;
  return parseAddress(text, { side: "active" });
}
