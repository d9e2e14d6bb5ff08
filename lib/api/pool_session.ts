/**
 * Sessions as tasks of a pool: what runs in its workers.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { makeContext } from "../core/context.ts";
import type { Peer } from "../core/contract.ts";
import type { Log } from "../core/log.ts";
import { reasonOfSignal } from "../core/reason.ts";
import { TimerWheel } from "../core/wheel.ts";
import { type FarMessage, farToJson, type Json } from "../service/control.ts";
import { controlLog, NamedListener, settled } from "../service/far.ts";
import type { TaskFunction } from "../service/pool_worker.ts";
import { SessionTask } from "../service/session_task.ts";
import { duplicate, type SocketIdentity, socketIdentity } from "../sys/share.ts";
import { NativeSocket } from "../sys/socket.ts";
import { acceptedSession } from "../transport/accepted_socket.ts";
import { openTask, readTask } from "./far_task.ts";

/** What a session is, on its way to a worker. */
export interface PooledSession {
  /** Of the accepted socket; it belongs to the acceptor until the worker says "taken". */
  readonly descriptor: number;
  readonly id: number;
  /** Sessions of the whole server as it begins, itself included. */
  readonly open: number;
  readonly remote: Peer;
  /** This side's end of the connection. */
  readonly local: Peer;
  /** The listener where it came in. */
  readonly listener: Peer;
}

/** Said once the worker has a descriptor of its own: what is to be closed should it be ended. */
export interface Taken {
  readonly taken: SocketIdentity;
}

/** As often as other models say it: when they are asked for a sign of life. */
const flowsEveryMs = 1_000;

/** Says what has passed, for the live tally of the server, which sees none of the bytes. */
function sayFlows(
  serving: SessionTask,
  clock: Clock,
  send: (message: FarMessage) => void,
): Disposable {
  let told = 0;
  const look = () => {
    const { bytesIn, bytesOut } = serving.flows;
    if (bytesIn + bytesOut > told) {
      send({ type: "flows", flows: [{ key: 0, bytesIn, bytesOut }] });
    }
    told = bytesIn + bytesOut;
    timer = TimerWheel.of(clock).timer(flowsEveryMs, look);
  };
  let timer = TimerWheel.of(clock).timer(flowsEveryMs, look);
  return { [Symbol.dispose]: () => timer.cancel() };
}

/** The task of a pool of sessions: takes a `PooledSession`, gives an "ended" message. */
export async function loadSessions(_module: string, setup: unknown): Promise<TaskFunction> {
  const task = readTask(setup as Json);
  // One task at a time: what is said between two of them is said to nobody.
  let tell: (message: unknown) => void = () => {};
  const send = (message: FarMessage) => tell(farToJson(message));
  const log: Log = controlLog({ send, receive: () => Promise.resolve(null) });
  const context = makeContext({ log, limits: task.limits });
  const opened = await openTask(task, context, (text) => send({ type: "text", text }));
  return async (value, running) => {
    const { descriptor, id, open, remote, local, listener } = value as PooledSession;
    tell = running.tell;
    const socket = NativeSocket.own(duplicate(descriptor), listener.text);
    tell({ taken: socketIdentity(socket.fd) } satisfies Taken);
    const session = acceptedSession(socket, { local, remote }, context);
    const info = { id, listener: new NamedListener(listener), sessions: () => open };
    const serving = new SessionTask(settled(session, 0), info, context, task);
    running.signal.addEventListener("abort", () => serving.cut(reasonOfSignal(running.signal)));
    using _ = sayFlows(serving, context.clock, send);
    const report = await serving.run(opened.handle);
    return farToJson({ type: "ended", key: 0, report });
  };
}
