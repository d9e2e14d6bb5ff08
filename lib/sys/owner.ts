/**
 * Which process holds a socket: `held by nginx[812]`.
 * @module
 */

import { listDirectory, readSystemText } from "./procfs.ts";

/** A process that holds a socket. */
export interface SocketOwner {
  /** Its process id, in this pid namespace. */
  readonly pid: number;
  /** Its name, at most 15 bytes (proc_pid_comm(5)). A process chooses it: quote before showing. */
  readonly process: string;
}

/**
 * Who holds the sockets with these inodes. Only processes whose descriptors this one may read are
 * looked at: its user's own, or all for root. A socket that several hold (after fork) is given to
 * the lowest pid, which is most often the parent.
 *
 * @returns an entry for each inode whose owner could be found
 */
export function ownersOf(inodes: ReadonlySet<number>): ReadonlyMap<number, SocketOwner> {
  const owners = new Map<number, SocketOwner>();
  for (const { inode, owner } of holdings(inodes)) {
    if (!owners.has(inode)) owners.set(inode, owner);
    if (owners.size === inodes.size) break;
  }
  return owners;
}

/**
 * As `ownersOf`, with every process that holds a socket, in the order of their pids. Costs a look
 * at each descriptor of the machine.
 */
export function holdersOf(
  inodes: ReadonlySet<number>,
): ReadonlyMap<number, readonly SocketOwner[]> {
  const holders = new Map<number, SocketOwner[]>();
  for (const { inode, owner } of holdings(inodes)) {
    const known = holders.get(inode);
    if (known === undefined) holders.set(inode, [owner]);
    // One process may hold a socket by several descriptors, which come one after the other.
    else if (known.at(-1)?.pid !== owner.pid) known.push(owner);
  }
  return holders;
}

/** Each descriptor of one of these sockets, process by process. */
function* holdings(
  inodes: ReadonlySet<number>,
): Generator<{ readonly inode: number; readonly owner: SocketOwner }> {
  if (inodes.size === 0) return;
  const pids = listDirectory("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids.sort((a, b) => a - b)) {
    let owner: SocketOwner | undefined;
    for (const inode of socketsOf(pid)) {
      if (!inodes.has(inode)) continue;
      if (owner === undefined) {
        const process = readSystemText(`/proc/${pid}/comm`)?.trimEnd();
        if (process === undefined) break; // it has ended meanwhile
        owner = { pid, process };
      }
      yield { inode, owner };
    }
  }
}

/** True for the user that may look at every process; false where who it is may not be asked. */
export function isSuperuser(): boolean {
  try {
    return Deno.uid() === 0;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotCapable) return false; // without --allow-sys
    throw thrown;
  }
}

/** Who holds one socket, or null where that cannot be known. */
export function ownerOfInode(inode: number): SocketOwner | null {
  return ownersOf(new Set([inode])).get(inode) ?? null;
}

function* socketsOf(pid: number): Generator<number> {
  const directory = `/proc/${pid}/fd`;
  for (const fd of listDirectory(directory)) {
    let link: string;
    try {
      link = Deno.readLinkSync(`${directory}/${fd}`);
    } catch {
      continue; // closed since it was listed
    }
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) yield Number(inode);
  }
}
