/**
 * `-` and `stdio:`: standard input and output of the process.
 * @module
 */

import type { StdioAddress } from "../core/address.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import type { OpenRequest, StandardStreams, Transport } from "../core/transport.ts";
import { HalvesSession } from "./halves.ts";
import { freshReads, ReadAhead } from "./read_ahead.ts";

/** The transport of `-`. */
export const stdioTransport: Transport<StdioAddress> = {
  scheme: "stdio",
  permissions: [],
  network: false,
  options: [],
  help: {
    forms: ["-", "stdio:"],
    summary: "standard input and output",
    examples: ["-"],
  },
  connect,
};

const peer: Peer = { scheme: "stdio", text: "stdio:" };

/**
 * What reads each standard input, kept between sessions: a read of it cannot be taken back, and
 * what it brings after its session ended (`listen --keep`) belongs to the next.
 */
const inputs = new WeakMap<StandardStreams, ReadAhead>();

/**
 * Opens the standard streams. A pending read of standard input keeps the process alive, whatever
 * is closed here: a command ends through `host.exit`.
 *
 * Only `closeWrite` closes standard output (so that `| wc` ends), once and for all; disposing a
 * session leaves it open, for the one after it.
 */
// deno-lint-ignore require-await -- the contract is asynchronous, throwing must be a rejection
async function connect(request: OpenRequest<StdioAddress>): Promise<Duplex> {
  request.context.signal.throwIfAborted();
  const stdio = request.ports.stdio;
  let input = inputs.get(stdio);
  if (input === undefined) {
    input = new ReadAhead(freshReads((into) => stdio.read(into)));
    inputs.set(stdio, input);
  }
  return new HalvesSession({
    local: peer,
    remote: peer,
    traits: {
      messages: false,
      halfClose: true,
      terminal: stdio.inputIsTerminal && stdio.outputIsTerminal,
    },
    source: input.session(),
    sink: {
      shared: true,
      write: (chunk) => stdio.write(chunk),
      end: () => Promise.resolve(stdio.closeOutput()),
      close: () => {},
    },
  });
}
