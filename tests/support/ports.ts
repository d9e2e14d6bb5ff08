/**
 * Free ports for foreign tools that cannot say which one the system picked.
 * @module
 */

/**
 * Below the range that Linux gives out by itself (ip_local_port_range begins at 32768): a socket of
 * another test that asked for port 0 never takes one of these.
 */
const first = 15_000;
const count = 15_000;

/**
 * A TCP port that was free a moment ago, on every address. Only for tools that have no port 0:
 * between this and the tool's bind, only someone who asked for this very number can take it.
 */
export function freeTcpPort(): number {
  return freePort((port) => Deno.listen({ hostname: "0.0.0.0", port }));
}

/** The same for UDP. */
export function freeUdpPort(): number {
  return freePort((port) => {
    return Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port });
  });
}

function freePort(bind: (port: number) => { close(): void }): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    // Not seeded: two test files that run at once must not draw the same.
    const port = first + Math.floor(Math.random() * count);
    try {
      bind(port).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(`no free port from ${first} to ${first + count}`);
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
