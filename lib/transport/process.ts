/**
 * `exec:cmd arg ...` and `sh:text`: a child process, its standard input and output as a session.
 * @module
 */

import type { CommandAddress } from "../core/address.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { OptionTable } from "../core/option.ts";
import type { OpenRequest, Transport } from "../core/transport.ts";
import { splitWords } from "../address/words.ts";
import { childSession } from "./child.ts";
import { findProgram } from "./program.ts";

const options: OptionTable = [
  {
    name: "stderr",
    kind: "choice",
    choices: ["inherit", "merge", "null"],
    help: "where standard error goes: inherit (default), merge (into the output), null",
  },
  { name: "cwd", kind: "text", placeholder: "DIR", help: "the folder that the process starts in" },
];

/** The transport of `exec:`. */
export const execTransport: Transport<CommandAddress> = {
  scheme: "exec",
  permissions: ["run"],
  network: false,
  options,
  help: {
    forms: ["exec:COMMAND ARG ...", "exec:?stderr=merge&cwd=DIR COMMAND ARG ..."],
    summary: "a child process; words split by quotes and backslash, nothing expanded",
    examples: ["exec:cat", "exec:?stderr=null grep -v '^#' -"],
  },
  // deno-lint-ignore require-await -- the contract is asynchronous, throwing must be a rejection
  connect: async (request) => start(request, splitWords(request.address.command)),
};

/** The transport of `sh:`. */
export const shTransport: Transport<CommandAddress> = {
  scheme: "sh",
  permissions: ["run"],
  network: false,
  options,
  help: {
    forms: ["sh:TEXT", "sh:?stderr=merge TEXT"],
    summary: "a child process: the text is given to /bin/sh -c",
    examples: ["sh:tr a-z A-Z | head -1"],
  },
  // deno-lint-ignore require-await -- as above
  connect: async (request) => start(request, ["/bin/sh", "-c", request.address.command]),
};

function start(request: OpenRequest<CommandAddress>, words: readonly string[]): Duplex {
  const { address, context, ports } = request;
  const text = `${address.scheme}:${address.command}`;
  const stderr = request.options.text("stderr") ?? "inherit";
  const cwd = request.options.text("cwd");
  context.signal.throwIfAborted();
  const [program, ...args] = stderr === "merge" ? mergedOutput(words, text) : words;
  if (program === undefined || program === "") throw noCommand(text);
  const command = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: stderr === "null" ? "null" : "inherit",
    // A group (and session) of its own: one kill reaches a whole pipeline, and Ctrl-C on the
    // terminal reaches plumb alone, which then ends its children. The price: a child has no
    // controlling terminal, so that ssh cannot ask for a password there.
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
    ...(ports.environment === undefined ? {} : { env: { ...ports.environment } }),
  });
  let child: Deno.ChildProcess;
  try {
    child = command.spawn();
  } catch (thrown) {
    throw startError(thrown, text, cwd);
  }
  return childSession(child, { scheme: address.scheme, text }, context);
}

/**
 * The command with its standard error in its standard output. The runtime cannot give one pipe
 * twice, and reading two pipes would lose the order in which the child wrote; a shell can, at the
 * price of looking for the program here, as its "not found" would come out as data.
 */
function mergedOutput(words: readonly string[], text: string): readonly string[] {
  const program = words[0];
  if (program === undefined || program === "") throw noCommand(text);
  const missing = findProgram(program);
  if (missing !== null) throw startError(missing, text);
  return ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", ...words];
}

function noCommand(address: string): NetError {
  return new NetError({ kind: "usage", op: "connect", address, message: "no command" });
}

function startError(thrown: unknown, text: string, cwd?: string): NetError {
  // The runtime reports a missing folder as a missing program; only its text tells them apart.
  const noFolder = cwd !== undefined && !isDirectory(cwd);
  const error = toNetError(thrown, "connect", noFolder ? `cwd=${cwd}` : text);
  if (noFolder || error.kind !== "not-found") return error;
  return new NetError({
    kind: "not-found",
    op: "connect",
    address: text,
    message: "no such program",
    ...(error.code === undefined ? {} : { code: error.code }),
    cause: thrown,
  });
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // missing or not for us: either way it is not one that a child can start in
  }
}
