/**
 * The sessions of a relay, in the process or thread that serves them.
 * @module
 */

import { parseAddress } from "../address/parse.ts";
import type { OpenedService } from "../service/handler.ts";
import { childPorts } from "./child_ports.ts";
import type { Connections } from "./connections.ts";
import { dial } from "./connect.ts";
import { portsOf } from "./endpoint.ts";
import { pairing, type PairOptions } from "./pairing.ts";

/** The other end of a relay. */
export interface RelayWork {
  readonly kind: "relay";
  /** The end that listens. */
  readonly front: "a" | "b";
  /** The other one, in the address language. */
  readonly behind: string;
  /** For opening it. */
  readonly timeoutMs?: number;
  readonly options: PairOptions;
}

/** Makes a relay ready; the other end is opened for each session. @throws {AddressError} */
export function openRelayWork(
  work: RelayWork,
  equip: NonNullable<PairOptions["equip"]>,
  connections?: Connections,
): OpenedService {
  const ports = portsOf({});
  const behind = parseAddress(work.behind, { side: "active" });
  const handle = pairing(work.front, (within, { id }, { remote, local }) => {
    const told = childPorts(ports, id, remote.text, local.text);
    return dial(behind, within, told, work.timeoutMs, connections);
  }, { ...work.options, equip });
  return { handle, [Symbol.asyncDispose]: () => Promise.resolve() };
}
