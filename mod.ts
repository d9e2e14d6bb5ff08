/**
 * plumb as a library: sockets that are opened by address, relayed with half-close kept, and served
 * under limits, with cancellation and typed errors.
 *
 * In reading order: addresses, what connects and listens, sessions and what may stand between two
 * of them, services, and the contracts that all of it keeps.
 *
 * @example An echo server on a free port, and a client of it
 * ```ts
 * import { connect, readExactly, serve } from "@plumb/plumb";
 *
 * await using server = await serve("echo", "tcp://127.0.0.1:0");
 * await using client = await connect(server.addresses[0]?.text ?? "");
 * await client.write(new TextEncoder().encode("hello"));
 * const echoed = await readExactly(client, new Uint8Array(5));
 * if (new TextDecoder().decode(echoed ?? undefined) !== "hello") throw new Error("not echoed");
 * ```
 *
 * @module
 */

// Addresses
export { type Expectation, parseAddress } from "./lib/address/parse.ts";
export type { AddressLimits } from "./lib/address/source.ts";
export { formatAddress } from "./lib/address/format.ts";
export type * from "./lib/core/address.ts";

// By address
export { connect, type ConnectOptions } from "./lib/api/connect.ts";
export { listen, Listening, type ListenOptions } from "./lib/api/listen.ts";
export { serve, type ServeOptions } from "./lib/api/serve.ts";
export { relay, type RelayCallOptions } from "./lib/api/relay.ts";
export { announce, type AnnounceCallOptions, type AnnounceTally } from "./lib/api/announce.ts";
export { probeSize, type ProbeSizeOptions, type SizeProbe } from "./lib/api/probe_size.ts";
export { ping, Pinging, type PingOptions } from "./lib/api/ping.ts";
export type { PingMode } from "./lib/api/ping_modes.ts";
export type { PingSummary, RoundTrips } from "./lib/api/ping_summary.ts";
export type { PingResult } from "./lib/link/ping_run.ts";
export type { EchoDifference, PeerFacts, PongDetail } from "./lib/link/prober.ts";
export type { ClockEstimate } from "./lib/link/clock_filter.ts";
export type { Histogram, HistogramBar } from "./lib/measure/histogram.ts";
export { RunningServer } from "./lib/api/running.ts";
export type { ModelOptions } from "./lib/api/models.ts";
export type { PoolModelOptions } from "./lib/api/pool_model.ts";
export type { FarOptions } from "./lib/api/far_models.ts";
export type { Model } from "./lib/service/model.ts";
export type { SupervisorOptions } from "./lib/service/supervisor.ts";
export type { Equipment } from "./lib/api/equipment.ts";
export type { PairOptions } from "./lib/api/pairing.ts";
export type { ServiceOptions } from "./lib/api/services.ts";
export { serveStats, type StatsOptions } from "./lib/api/stats.ts";
export {
  type TargetInit,
  type TargetLike,
  type TargetOptions,
  Watch,
  watch,
  type WatchOptions,
} from "./lib/api/watch.ts";
export { serveWatch, type ServeWatchOptions, WatchWeb } from "./lib/api/watch_web.ts";
export { Link, link, type LinkCallOptions } from "./lib/api/link.ts";
export { type LinkListenOptions, listenLink, RunningLinkServer } from "./lib/api/link_listen.ts";
export type { LinkSecurityOptions } from "./lib/api/link_carrier.ts";
export type { Forward } from "./lib/address/forward.ts";
export { createKeyFile, readKeyFile } from "./lib/sys/key_file.ts";
export type { CallOptions } from "./lib/api/endpoint.ts";

// Sessions, and what may stand between two of them
export { Relay, relay as relaySessions, type RelayOptions } from "./lib/stream/relay.ts";
export type { Buffering } from "./lib/stream/pump.ts";
export {
  LineReader,
  readExactly,
  readLine,
  type ReadSide,
  writeAll,
  type WriteSide,
} from "./lib/stream/read.ts";
export { type FrameOptions, type Framing, framings, messagesOver } from "./lib/stream/frame.ts";
export { limited, TokenBucket } from "./lib/stream/rate.ts";
export { type Direction, type Tap, tapped } from "./lib/stream/tap.ts";
export { hexdump, hexLines } from "./lib/stream/hexdump.ts";
export type { SizeFound, SizeSearchOptions } from "./lib/stream/size_search.ts";
export { record } from "./lib/stream/record.ts";
export { type WebStreams, webStreams } from "./lib/stream/web.ts";
export { sessionsOf, type SessionsOptions } from "./lib/stream/sessions.ts";

// Connections that are made anew
export { type HeartbeatEvent, keepAlive, type KeptAlive } from "./lib/link/keep_alive.ts";
export type { HeartbeatOptions } from "./lib/link/heartbeat_options.ts";
export { type HeartbeatSpec, parseHeartbeat } from "./lib/address/heartbeat.ts";
export {
  type Detector,
  missesDetector,
  type MissesOptions,
  type Verdict,
} from "./lib/link/detector.ts";
export { adaptiveDetector, type AdaptiveOptions } from "./lib/link/detector_adaptive.ts";
export type { PingPongResult } from "./lib/link/pingpong.ts";
export { Reconnecting, reconnecting } from "./lib/link/reconnect.ts";
export type {
  ConnectionEvent,
  ConnectionStatus,
  Dial,
  ReconnectOptions,
  ReconnectTally,
} from "./lib/link/reconnect_options.ts";
export type { ReconnectPolicy } from "./lib/link/reconnect_machine.ts";
export { Backoff } from "./lib/link/backoff.ts";
export { Connections } from "./lib/api/connections.ts";
export { type EventReader, EventStream } from "./lib/core/event_stream.ts";

// A session that survives its connections
export { LinkClient } from "./lib/link/link_client.ts";
export { LinkServer } from "./lib/link/link_server.ts";
export type { CarrierFlows } from "./lib/link/link_carrier.ts";
export type {
  CarrierReport,
  LinkClientOptions,
  LinkEvent,
  LinkHandlers,
  LinkOptions,
  LinkRequest,
  LinkServerEvent,
  LinkServerOptions,
  LinkServerSession,
  LinkTally,
} from "./lib/link/link_options.ts";
export { LinkSession } from "./lib/link/session.ts";
export type { OutgoingRecords } from "./lib/link/frame_run.ts";
export type {
  LinkHeartbeat,
  LinkRole,
  LinkSessionOptions,
  SessionTally as LinkSessionTally,
} from "./lib/link/session_options.ts";
export type { ChannelFacts } from "./lib/link/channel_host.ts";
export type { BackoffOptions } from "./lib/link/backoff.ts";
export {
  type ChannelKind,
  type LinkCode,
  linkCodes,
  type SessionEvent,
} from "./lib/link/session_events.ts";

// Liveness of many endpoints
export { type Probe, type WatchEvent, Watching } from "./lib/link/watching.ts";
export {
  type StateChange,
  type StateCounts,
  type TargetSettings,
  type TargetStatus,
  WatchMachine,
  type WatchMachineOptions,
} from "./lib/link/watch.ts";
export { type ProbeMode, probeModes, watchDefaults } from "./lib/link/watch_defaults.ts";
export {
  type Damping,
  type ProbeOutcome,
  type TargetState,
  targetStates,
} from "./lib/link/watch_standing.ts";

// Services
export { services } from "./lib/service/table.ts";
export type { AnnounceOptions } from "./lib/service/announce.ts";
export type {
  ServiceFacts,
  ServiceRow,
  ServiceSetup,
  SessionOutcome,
} from "./lib/service/contract.ts";
export { drive, type DriveOptions } from "./lib/service/drive.ts";
export { handlerServices } from "./lib/service/handler_table.ts";
export type {
  HandlerService,
  HandlerSetup,
  OpenedService,
  SubjectRow,
} from "./lib/service/handler.ts";
export type {
  AcceptPolicy,
  Admission,
  Arrival,
  Refusal,
  SessionFlows,
  SessionHandler,
  SessionInfo,
  SessionReport,
  WhenFull,
} from "./lib/service/policy.ts";
export { Pool, type PoolFigures, type PoolOptions, type TaskOptions } from "./lib/service/pool.ts";
export { Gate, type OpenSession } from "./lib/service/gate.ts";

// Contracts
export type * from "./lib/core/contract.ts";
export type * from "./lib/core/machine.ts";
export type * from "./lib/core/option.ts";
export type { HandedSocket, Ports, StandardStreams } from "./lib/core/transport.ts";
export type { Flow, ServerTally, SessionTally } from "./lib/core/tally.ts";
export { isOrderly, type Reason, reasons, SessionEnd } from "./lib/core/reason.ts";
export {
  AddressError,
  type Attempt,
  type ErrorKind,
  NetError,
  type NetErrorInit,
} from "./lib/core/error.ts";
export { type Context, makeContext } from "./lib/core/context.ts";
export { Attempts } from "./lib/core/attempts.ts";
export { Scope } from "./lib/core/scope.ts";
export { type Clock, realClock, sleep, type Timer, VirtualClock } from "./lib/core/clock.ts";
export { TimerWheel, type Watched } from "./lib/core/wheel.ts";
export { defaultLimits, type LimitName, type Limits, limitTable } from "./lib/core/limits.ts";
export { type Log, type LogFields, type LogLevel, silentLog } from "./lib/core/log.ts";
