/**
 * Real sockets of this process, one in each state that can be held: what lists sockets is tested
 * against them, and against what foreign tools say of them.
 * @module
 */

import * as c from "../../lib/sys/constants.ts";
import { setOption } from "../../lib/sys/option.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { decodeSockaddr, encodeSockaddr, type SocketAddress } from "../../lib/wire/sockaddr.ts";

const IPV6_V6ONLY = 26;

/** The sockets, and how to find them. */
export interface SocketZoo extends Disposable {
  /** Ports that belong to nobody else while they are open. */
  readonly ports: Readonly<Record<PortName, number>>;
  /** Paths and abstract names of Unix sockets, as the kernel prints them. */
  readonly paths: Readonly<
    Record<"stream" | "datagram" | "lonely" | "seqpacket" | "abstract", string>
  >;
}

type PortName = "tcp" | "full" | "dual" | "six" | "udp" | "timeWait";

/** Opens them. @param folder where the Unix sockets are made */
export async function openZoo(folder: string): Promise<SocketZoo> {
  using stack = new DisposableStack();
  const native = (family: number, type: number) =>
    stack.use(NativeSocket.open({ family, type, nonblocking: true }));
  const stream = (family = c.AF_INET) => native(family, c.SOCK_STREAM);

  const tcp = listening(stream(), inet("127.0.0.1", 0));
  connect(stream(), inet("127.0.0.1", portOf(tcp)));
  stack.use(await accepted(tcp)); // ESTAB twice
  const halfOpen = stream();
  connect(halfOpen, inet("127.0.0.1", portOf(tcp)));
  const waiting = stack.use(await accepted(tcp));
  waiting.send(new Uint8Array(100)); // unread by the other end: a receive queue
  halfOpen.shutdown("write"); // FIN-WAIT-2, and CLOSE-WAIT at the other end

  const full = listening(stream(), inet("127.0.0.1", 0), 0);
  for (let at = 0; at < 3; at++) connect(stream(), inet("127.0.0.1", portOf(full)));

  const dual = listening(stream(c.AF_INET6), inet6("::"));
  connect(stream(), inet("127.0.0.1", portOf(dual)));
  stack.use(await accepted(dual)); // IPv4-mapped at both ends
  const sixSocket = stream(c.AF_INET6);
  setOption(sixSocket.fd, c.IPPROTO_IPV6, IPV6_V6ONLY, 1);
  const six = listening(sixSocket, inet6("::"));
  connect(stream(c.AF_INET6), inet6("::1", portOf(six)));
  stack.use(await accepted(six));

  const udp = native(c.AF_INET, c.SOCK_DGRAM);
  udp.bind(encodeSockaddr(inet("127.0.0.1", 0)));
  const udpClient = native(c.AF_INET, c.SOCK_DGRAM);
  connect(udpClient, inet("127.0.0.1", portOf(udp)));
  udpClient.send(new Uint8Array(50)); // stays in the queue
  native(c.AF_INET6, c.SOCK_DGRAM).bind(encodeSockaddr(inet6("::1", portOf(udp))));

  const paths = {
    stream: `${folder}/stream.sock`,
    datagram: `${folder}/datagram.sock`,
    lonely: `${folder}/lonely.sock`,
    seqpacket: `${folder}/seqpacket.sock`,
    abstract: `@plumb-zoo-${crypto.randomUUID()}`,
  };
  const unix = (path: string): SocketAddress => ({ family: "unix", path });
  const unixStream = listening(stream(c.AF_UNIX), unix(paths.stream));
  connect(stream(c.AF_UNIX), unix(paths.stream));
  stack.use(await accepted(unixStream)).send(new Uint8Array(10));
  native(c.AF_UNIX, c.SOCK_DGRAM).bind(encodeSockaddr(unix(paths.datagram)));
  connect(native(c.AF_UNIX, c.SOCK_DGRAM), unix(paths.datagram));
  native(c.AF_UNIX, c.SOCK_DGRAM).bind(encodeSockaddr(unix(paths.lonely)));
  listening(native(c.AF_UNIX, c.SOCK_SEQPACKET), unix(paths.seqpacket));
  listening(stream(c.AF_UNIX), unix(paths.abstract.replace("@", "\0")));

  const timeWait = await leaveTimeWait();
  const held = stack.move();
  return {
    ports: {
      tcp: portOf(tcp),
      full: portOf(full),
      dual: portOf(dual),
      six: portOf(six),
      udp: portOf(udp),
      timeWait,
    },
    paths,
    [Symbol.dispose]: () => held.dispose(),
  };
}

/** @returns the port of a connection that is over, and that the kernel still keeps */
async function leaveTimeWait(): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ port: listener.addr.port });
  using server = await listener.accept();
  const { port } = client.localAddr as Deno.NetAddr;
  client.close();
  await server.read(new Uint8Array(1)); // its end: closing now answers in order
  return port;
}

function inet(host: string, port: number): SocketAddress {
  return { family: "inet", host, port };
}

function inet6(host: string, port = 0): SocketAddress {
  return { family: "inet6", host, port, flow: 0, scope: 0 };
}

function listening(socket: NativeSocket, address: SocketAddress, backlog = 16): NativeSocket {
  socket.bind(encodeSockaddr(address));
  socket.listen(backlog);
  return socket;
}

/** Begins to connect: with a full backlog it goes no further. */
function connect(socket: NativeSocket, address: SocketAddress): void {
  socket.connect(encodeSockaddr(address));
}

/** The kernel may hand a connection over a moment later, when the machine is busy. */
async function accepted(listener: NativeSocket): Promise<NativeSocket> {
  const endMs = performance.now() + 5_000;
  for (;;) {
    const socket = listener.accept();
    if (socket !== "again") return socket;
    if (performance.now() > endMs) throw new Error("nobody has connected");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function portOf(socket: NativeSocket): number {
  const address = decodeSockaddr(socket.localName());
  if (!("port" in address)) throw new TypeError("no port");
  return address.port;
}
