/**
 * Free ports for foreign tools that cannot say which one the system picked.
 * @module
 */

/**
 * A TCP port that was free a moment ago, above the range of outgoing connections of other tests'
 * sockets as far as the kernel allows. Between this and the tool's bind another may take it: use it
 * only for tools that have no port 0, and retry the start on "in use".
 */
export function freeTcpPort(hostname = "127.0.0.1"): number {
  const listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** The same for UDP. */
export function freeUdpPort(hostname = "127.0.0.1"): number {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const { addr } = socket;
  socket.close();
  if (addr.transport !== "udp") throw new TypeError("not a UDP socket");
  return addr.port;
}

/** The port at the end of an address as plumb prints it (`tcp://[::1]:80`). */
export function portOf(address: string): number {
  const digits = /:(\d+)(?:\?.*)?$/.exec(address)?.[1];
  if (digits === undefined) throw new TypeError(`no port in ${address}`);
  return Number(digits);
}

/**
 * Waits until somebody listens on a TCP port, by asking the kernel's table rather than by
 * connecting: a tool that serves one client would take the question for that client.
 */
export async function tcpListening(port: number, timeoutMs = 10_000): Promise<void> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  await inKernelTable(
    ["tcp", "tcp6"],
    (field) => field[1]?.endsWith(local) === true && field[3] === "0A",
    `nobody listens on TCP port ${port}`,
    timeoutMs,
  );
}

/** Waits until somebody is bound to a UDP port. */
export async function udpBound(port: number, timeoutMs = 10_000): Promise<void> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  await inKernelTable(
    ["udp", "udp6"],
    (field) => field[1]?.endsWith(local) === true,
    `nobody is bound to UDP port ${port}`,
    timeoutMs,
  );
}

/** Waits until somebody is bound to a Unix path (stream or datagram). */
export async function unixBound(path: string, timeoutMs = 10_000): Promise<void> {
  await inKernelTable(
    ["unix"],
    (field) => field[7] === path,
    `nobody is bound to ${path}`,
    timeoutMs,
  );
}

// The kernel announces no such thing, so this one looks again; 5 ms is small beside a start.
async function inKernelTable(
  tables: readonly string[],
  wanted: (field: readonly string[]) => boolean,
  complaint: string,
  timeoutMs: number,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    for (const table of tables) {
      const text = await Deno.readTextFile(`/proc/net/${table}`);
      if (text.split("\n").some((line) => wanted(line.trim().split(/\s+/)))) return;
    }
    if (performance.now() > end) throw new Error(`${complaint} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
