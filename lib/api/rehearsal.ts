/**
 * A session that a fresh process plays to itself.
 *
 * What it has not done yet it does slowly: modules are compiled as they are met, calls of libc bound,
 * shapes learnt. The first byte of a first session took 7 ms, that of the second 1. A spare process
 * has time before it is needed, so it accepts, serves and closes one session of its own before it
 * says that it is ready. Nobody can come in: the socket has an abstract name that nobody knows, and
 * takes one connection.
 * @module
 */

import type { Context } from "../core/context.ts";
import { makeContext } from "../core/context.ts";
import type { Peer } from "../core/contract.ts";
import {
  type FarMessage,
  farToJson,
  type NearMessage,
  readNearMessage,
} from "../service/control.ts";
import { drive } from "../service/drive.ts";
import { echo } from "../service/echo.ts";
import { NamedListener, settled } from "../service/far.ts";
import { SessionTask } from "../service/session_task.ts";
import { AF_UNIX, SOCK_STREAM } from "../sys/constants.ts";
import { undeliveredBytes } from "../sys/queue.ts";
import { forgetReadiness, whenReady } from "../sys/readiness.ts";
import { NativeSocket } from "../sys/socket.ts";
import { readSocketOption } from "../sys/socket_options.ts";
import { inetPeer } from "../transport/peer.ts";
import { SharedListener } from "../transport/shared_listener.ts";
import { decodeSockaddr, encodeSockaddr } from "../wire/sockaddr.ts";

/**
 * Plays one session: what the real one will need is compiled and bound then. Whatever the service
 * is, it echoes: a rehearsal must not start a program or connect anywhere.
 *
 * @throws {NetError} where a socket cannot be had
 */
export async function rehearse({ clock, limits }: Context): Promise<void> {
  const context = makeContext({ clock, limits }); // nobody is to hear of it
  const path = `\0plumb-rehearsal-${crypto.randomUUID()}`;
  const name = encodeSockaddr({ family: "unix", path });
  const local: Peer = { scheme: "unix", text: `unix:@${path.slice(1)}`, path };
  const open = () => NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
  using bound = open();
  bound.bind(name);
  bound.listen(0);
  await using listener = new SharedListener([{ descriptor: bound.release(), local }], context);
  using client = open();
  const coming = listener.accept(); // it waits, as it will
  client.connect(name);
  const incoming = await coming;
  if (incoming === null) return;
  const session = settled(await incoming.settle(context), incoming.at);
  const info = { id: 0, listener: new NamedListener(local) };
  exchange({ type: "accepted", key: 0, at: 0, remote: meetInet(client.fd) });
  const task = new SessionTask(session, info, context);
  const setup = { clock, messages: false, options: {} };
  const running = task.run((one, within) => drive(one, echo.make(setup), within));
  client.send(new Uint8Array(1));
  await whenReady(client.fd, "read");
  client.receive(new Uint8Array(1));
  client.shutdown("write");
  const report = await running;
  exchange({ type: "ended", key: 0, report });
  forgetReadiness(client.fd);
}

/** What a TCP connection needs and a Unix one does not; no port is opened for it. */
function meetInet(fd: number): Peer {
  const name = encodeSockaddr({ family: "inet", host: "127.0.0.1", port: 1 });
  const end = decodeSockaddr(name);
  readSocketOption(fd, "linger");
  undeliveredBytes(fd);
  return end.family === "inet" ? inetPeer("tcp", end.host, end.port) : { scheme: "", text: "" };
}

const answers: readonly NearMessage[] = [
  { type: "serve", key: 0, id: 0, open: 0 },
  { type: "permit" },
];

/** What is said of a session to the server, and what it answers. */
function exchange(message: FarMessage): void {
  JSON.stringify(farToJson(message));
  for (const answer of answers) readNearMessage(JSON.parse(JSON.stringify(answer)));
}
