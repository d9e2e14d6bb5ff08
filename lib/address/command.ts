/**
 * Child processes: `exec:cmd arg` and `sh:text`. The command is kept as written, never decoded.
 * @module
 */

import type { CommandAddress } from "../core/address.ts";
import { readQuery } from "./query.ts";
import type { Body } from "./source.ts";
import { scanWords } from "./words.ts";

/**
 * Reads a command. A leading `?` gives options up to the first blank; `? ` alone gives none, and
 * lets a command begin with `?`.
 *
 * @throws {AddressError} for no command, and for quotes that are not closed in `exec:`
 */
export function readCommand(scheme: CommandAddress["scheme"], body: Body): CommandAddress {
  const { source, passive, start } = body;
  const end = source.text.length;
  let commandStart = start;
  let options: CommandAddress["options"] = [];
  if (source.text.charAt(start) === "?") {
    const length = source.text.slice(start).search(/[ \t]/);
    const blank = length < 0 ? end : start + length;
    options = readQuery(source, start + 1, blank);
    commandStart = Math.min(blank + 1, end);
  }
  const command = source.text.slice(commandStart);
  if (command.trim() === "") throw source.error(commandStart, "no command");
  if (scheme === "exec") {
    const words = scanWords(command);
    // Said now, before anything is opened.
    if (!Array.isArray(words)) throw source.error(commandStart + words.offset, words.message);
    if ((words[0] ?? "") === "") throw source.error(commandStart, "no command");
  }
  return { scheme, passive, command, options };
}

/** Prints the command with its options before it. */
export function formatCommand(command: string, query: string): string {
  return query === "" && !command.startsWith("?") ? command : `?${query} ${command}`;
}
