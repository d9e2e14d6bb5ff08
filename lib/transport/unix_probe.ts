/**
 * Whether somebody serves a Unix socket's path.
 * @module
 */

import { NetError, quote, systemCode } from "../core/error.ts";
import { AF_UNIX, SOCK_STREAM } from "../sys/constants.ts";
import { peerCredentials } from "../sys/credentials.ts";
import { hasLibc } from "../sys/libc.ts";
import { readSystemText } from "../sys/procfs.ts";
import { NativeSocket } from "../sys/socket.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";

/** What was found at a path. */
export type ProbeResult =
  | { readonly live: false }
  /** `holder`: `held by nginx[812]`, where the kernel tells (SO_PEERCRED). */
  | { readonly live: true; readonly holder: string | null };

/**
 * Connects and closes at once. Only ECONNREFUSED means that the file is a leftover; a full
 * backlog (EAGAIN) and a socket of another type (EPROTOTYPE) are live ones.
 *
 * @throws what the system says if it lets us not know, EACCES above all
 */
export async function probeSocket(path: string): Promise<ProbeResult> {
  try {
    if (hasLibc()) return { live: true, holder: holderOf(path) };
    (await Deno.connect({ transport: "unix", path })).close();
    return { live: true, holder: null };
  } catch (thrown) {
    const code = thrown instanceof NetError ? thrown.code : systemCode(thrown);
    if (code === "ECONNREFUSED") return { live: false };
    if (code === "EACCES") throw thrown;
    return { live: true, holder: null };
  }
}

/** A socket of our own tells its peer and never waits, which the runtime's does for a backlog. */
function holderOf(path: string): string | null {
  using socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
  if (socket.connect(encodeSockaddr({ family: "unix", path })) !== "connected") return null;
  const { pid } = peerCredentials(socket.fd);
  const name = readSystemText(`/proc/${pid}/comm`)?.trimEnd();
  return name ? `held by ${quote(name)}[${pid}]` : null;
}
