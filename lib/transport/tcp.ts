/**
 * `tcp://host:port`: stream sockets over IPv4 and IPv6.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { connectError } from "./attempt.ts";
import { interleave, raceAttempts } from "./happy.ts";
import { hostPort, inetPeer } from "./peer.ts";
import { type ResolvedHost, resolveHost } from "./resolve.ts";
import { TcpPowers } from "./tcp_powers.ts";
import { SocketListener } from "./listener.ts";
import { SocketSession } from "./socket.ts";
import { applyTcpSettings, readTcpSettings, tcpOptions, type TcpSettings } from "./tcp_options.ts";
import { bindEach } from "./bind.ts";

/** The transport of `tcp://`. */
export const tcpTransport: Transport<InetAddress> = {
  scheme: "tcp",
  permissions: ["net"],
  network: true,
  options: tcpOptions,
  help: {
    forms: ["tcp://HOST:PORT", "HOST:PORT", ":PORT"],
    summary: "TCP; an empty host is localhost, or every address when listening",
    examples: ["tcp://db.example:5432", "listen:tcp://127.0.0.1:0", "tcp://[::1]:80?keepalive=30s"],
  },
  connect,
  listen,
};

async function connect(request: OpenRequest<InetAddress>): Promise<Duplex> {
  const { address, options, context } = request;
  const settings = readTcpSettings(options);
  const text = `tcp://${hostPort(address.host, address.port)}`;
  const hosts = interleave(await resolveHost(zoned(address), context));
  const race = await raceAttempts<ResolvedHost, Deno.TcpConn>(hosts, {
    attempt: ({ host }, signal) => Deno.connect({ hostname: host, port: address.port, signal }),
    discard: (late) => late.close(),
  }, context);
  if (race.won) return session(race.value, settings, context);
  throw connectError(
    text,
    race.failed.map(({ candidate, thrown, durationMs }) => ({
      address: hostPort(candidate.host, address.port),
      thrown,
      durationMs,
    })),
  );
}

async function listen(request: OpenRequest<InetAddress>): Promise<readonly Passive[]> {
  const { address, options, context } = request;
  const settings = readTcpSettings(options);
  const tcpBacklog = options.number("backlog");
  const reusePort = options.flag("reuseport");
  const open = (hostname: string, port: number) =>
    Deno.listen({
      hostname,
      port,
      ...(tcpBacklog === undefined ? {} : { tcpBacklog }),
      ...(reusePort === undefined ? {} : { reusePort }),
    });
  const sockets = await bindEach(address, { open, portOf: (socket) => socket.addr.port }, context);
  return sockets.map((socket) => {
    const { hostname, port } = socket.addr;
    const local = inetPeer("tcp", hostname, port);
    const listener = new SocketListener<Deno.TcpConn>(socket, {
      local,
      session: (conn) => session(conn, settings, context),
    });
    return { kind: "listener", listener };
  });
}

/** Makes a session of a connection and sets what the address asks for. */
function session(conn: Deno.TcpConn, settings: TcpSettings, context: Context): Duplex {
  applyTcpSettings(conn, settings);
  const { localAddr, remoteAddr } = conn;
  return new SocketSession(conn, {
    local: inetPeer("tcp", localAddr.hostname, localAddr.port),
    remote: inetPeer("tcp", remoteAddr.hostname, remoteAddr.port),
    context,
    powers: new TcpPowers(localAddr, remoteAddr),
  });
}

/** The host with its zone, as getaddrinfo(3) and the kernel take it. */
function zoned(address: InetAddress): string {
  return address.zone === undefined ? address.host : `${address.host}%${address.zone}`;
}
