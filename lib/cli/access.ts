/**
 * `--allow` and `--deny` -> the access list in force, read anew at SIGHUP. Loaded only where one
 * of them is given.
 * @module
 */

import type { Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { Host } from "../core/host.ts";
import type { Limits } from "../core/limits.ts";
import {
  AccessList,
  type AccessWord,
  type Network,
  parseAccessFile,
  parseAccessWords,
} from "../wire/access_list.ts";
import type { Flags } from "./flag.ts";
import { Newest } from "./newest.ts";

/** What the flags say; files are not read yet. */
export interface AccessWords {
  /** Null where there is no `--allow`: everybody. */
  readonly allow: readonly AccessWord[] | null;
  readonly deny: readonly AccessWord[];
}

/** Reads the flags, without files. @throws {NetError} kind "usage" */
export function accessWordsOf(flags: Flags): AccessWords {
  const allow = flags.list("allow");
  return {
    allow: allow.length === 0 ? null : allow.flatMap(parseAccessWords),
    deny: flags.list("deny").flatMap(parseAccessWords),
  };
}

/** The list in force. */
export class AccessInForce {
  readonly #words: AccessWords;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #newest = new Newest();
  #list: AccessList;

  private constructor(words: AccessWords, list: AccessList, host: Host, limits: Limits) {
    this.#words = words;
    this.#list = list;
    this.#host = host;
    this.#limits = limits;
  }

  /** Reads all files. @throws {NetError} kind "usage" for what is in them; "permission" */
  static async open(words: AccessWords, host: Host, limits: Limits): Promise<AccessInForce> {
    return new AccessInForce(words, await readList(words, host, limits), host, limits);
  }

  /** As `AcceptPolicy.access`. */
  readonly objection = (peer: Peer): string | null => this.#list.objection(peer.host);

  /**
   * Reads all files again. Where one of them is wrong the list stays as it was: half a list would
   * keep the wrong ones out, or in.
   *
   * @throws {NetError} what is wrong
   */
  async reload(): Promise<void> {
    const read = () => readList(this.#words, this.#host, this.#limits);
    await this.#newest.take(read, (list) => this.#list = list);
  }
}

async function readList(words: AccessWords, host: Host, limits: Limits): Promise<AccessList> {
  const networksOf = async (list: readonly AccessWord[]): Promise<Network[]> => {
    const networks: Network[] = [];
    for (const word of list) {
      if (!("file" in word)) networks.push(word);
      else {
        const text = await readFile(word.file, host, limits["access-list"]);
        // Not spread: a list of a whole country is longer than a call may have arguments.
        for (const network of parseAccessFile(text, word.file)) networks.push(network);
      }
    }
    return networks;
  };
  const allow = words.allow === null ? null : await networksOf(words.allow);
  return new AccessList(allow, await networksOf(words.deny));
}

async function readFile(path: string, host: Host, maximumBytes: number): Promise<string> {
  try {
    return await host.readTextFile(path, maximumBytes);
  } catch (thrown) {
    const error = toNetError(thrown, "read", path);
    if (error.kind !== "not-found") throw error;
    const { reason: message, code } = error;
    const init = {
      kind: "usage",
      op: "access list",
      address: path,
      message,
      cause: thrown,
    } as const;
    throw new NetError(code === undefined ? init : { ...init, code });
  }
}
