/**
 * Every transport keeps the contracts: one line each.
 * @module
 */

import { duplexContract, streamTraits } from "./duplex_contract.ts";
import { listenerContract } from "./listener_contract.ts";
import { heartbeats, listenerBy, pairBy } from "./pair.ts";
import { nativeUdp, udpPair, udpTraits } from "./udp_pair.ts";

const tcp = { ...streamTraits, resets: true, unacknowledged: true };

duplexContract("tcp over IPv4", () => pairBy("listen:tcp://127.0.0.1:0"), tcp);
duplexContract("tcp over IPv6", () => pairBy("listen:tcp://[::1]:0"), tcp);
duplexContract("a heartbeat over tcp", () => heartbeats("listen:tcp://127.0.0.1:0"), tcp);
listenerContract("tcp", () => listenerBy("listen:tcp://127.0.0.1:0"));
duplexContract("udp over IPv4", () => udpPair("127.0.0.1"), udpTraits("127.0.0.1"));
duplexContract("udp over IPv6", () => udpPair("::1"), udpTraits("::1"));

const unixName = () => `listen:unix:@plumb-contract-${crypto.randomUUID()}`;
// The kernel tells a reset to the peer of a Unix socket that is closed with unread input.
const unix = { ...streamTraits, lossyClose: true };
// Options that the runtime's sockets cannot carry select some of our own (?freebind, ?ttl).
const tcpNative = "listen:tcp://127.0.0.1:0?freebind";
const unixNative = () => `${unixName()}?sndbuf=208KiB`;
const memory = { ...streamTraits, resets: true };

duplexContract("unix", () => pairBy(unixName()), unix);
listenerContract("unix", () => listenerBy(unixName()));
duplexContract("memory", () => pairBy("listen:memory:contract"), memory);
listenerContract("memory", () => listenerBy("listen:memory:contract"));
duplexContract("native tcp", () => pairBy(tcpNative, "?ttl=9"), tcp);
listenerContract("native tcp", () => listenerBy(tcpNative, "?ttl=9"));
duplexContract("native unix", () => pairBy(unixNative(), "?sndbuf=208KiB"), unix);
listenerContract("native unix", () => listenerBy(unixNative(), "?sndbuf=208KiB"));
duplexContract("native udp", () => udpPair("127.0.0.1", nativeUdp), udpTraits("127.0.0.1"));
