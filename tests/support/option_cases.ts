/**
 * One case for each socket option of an endpoint: what is written in the address, and what another
 * process then reads from the socket.
 * @module
 */

/** What is read: an `int`, or bytes in hex. */
export type Reading = number | string;

/** What an address asks for, and what the kernel must say. */
export interface OptionCase {
  /** As written after the `?`. */
  readonly text: string;
  /** By the names of C; those of IPv6 are asked of IPv6 sockets only. */
  readonly reads: Readonly<Record<string, Reading>>;
  /** Another answer of connections, whose value the handshake changes. */
  readonly connected?: Readonly<Record<string, Reading>>;
  /** Needs CAP_NET_ADMIN. */
  readonly privileged?: true;
}

function flag(name: string, ...options: string[]): OptionCase {
  return { text: name, reads: Object.fromEntries(options.map((option) => [option, 1])) };
}

/** Interfaces are names in IFNAMSIZ bytes; the kernel gives the name with its NUL. */
const loopback = "6c6f00";

/** What the packets of both protocols have. */
const inetCases: readonly OptionCase[] = [
  { text: "rcvbuf=64KiB", reads: { SO_RCVBUF: 131_072 } },
  { text: "sndbuf=32KiB", reads: { SO_SNDBUF: 65_536 } },
  { text: "ttl=9", reads: { IP_TTL: 9, IPV6_UNICAST_HOPS: 9 } },
  { text: "tos=0x10", reads: { IP_TOS: 16, IPV6_TCLASS: 16 } },
  { text: "mtu-discover=3", reads: { IP_MTU_DISCOVER: 3, IPV6_MTU_DISCOVER: 3 } },
  { text: "priority=5", reads: { SO_PRIORITY: 5 } },
  { text: "mark=7", reads: { SO_MARK: 7 }, privileged: true },
  { text: "busy-poll=0.05ms", reads: { SO_BUSY_POLL: 50 }, privileged: true },
  { text: "bindtodevice=lo", reads: { SO_BINDTODEVICE: loopback } },
  flag("dontroute", "SO_DONTROUTE"),
  flag("freebind", "IP_FREEBIND", "IPV6_FREEBIND"),
  { ...flag("transparent", "IP_TRANSPARENT", "IPV6_TRANSPARENT"), privileged: true },
];

/** Both sides of TCP; of a listener, its connections have the same. */
export const tcpCases: readonly OptionCase[] = [
  ...inetCases,
  {
    text: "keepalive=30s/5s/3",
    reads: { SO_KEEPALIVE: 1, TCP_KEEPIDLE: 30, TCP_KEEPINTVL: 5, TCP_KEEPCNT: 3 },
  },
  { text: "keepidle=40s", reads: { TCP_KEEPIDLE: 40 } },
  { text: "keepintvl=7s", reads: { TCP_KEEPINTVL: 7 } },
  { text: "keepcnt=4", reads: { TCP_KEEPCNT: 4 } },
  { text: "user-timeout=12345ms", reads: { TCP_USER_TIMEOUT: 12_345 } },
  { text: "linger=5s", reads: { SO_LINGER: "0100000005000000" } },
  { text: "linger=0s", reads: { SO_LINGER: "0100000000000000" } },
  { text: "rcvlowat=10B", reads: { SO_RCVLOWAT: 10 } },
  { text: "notsent-lowat=16KiB", reads: { TCP_NOTSENT_LOWAT: 16_384 } },
  // 12 bytes of each segment are the timestamps (RFC 7323).
  { text: "maxseg=1000B", reads: { TCP_MAXSEG: 1000 }, connected: { TCP_MAXSEG: 988 } },
  { text: "window-clamp=40000B", reads: { TCP_WINDOW_CLAMP: 40_000 } },
  { text: "congestion=reno", reads: { TCP_CONGESTION: "72656e6f" + "00".repeat(12) } },
  { text: "syncnt=2", reads: { TCP_SYNCNT: 2 } },
  { text: "linger2=9s", reads: { TCP_LINGER2: 9 } },
  flag("oobinline", "SO_OOBINLINE"),
  flag("cork", "TCP_CORK"),
  { text: "nodelay=no", reads: { TCP_NODELAY: 0 } },
  { text: "interface=lo", reads: { SO_BINDTODEVICE: loopback } },
];

/** Clients of TCP. */
export const tcpActiveCases: readonly OptionCase[] = [
  { text: "quickack=no", reads: { TCP_QUICKACK: 0 } },
  { text: "ip-options=01010101", reads: { IP_OPTIONS: "01010101" } },
  flag("fastopen-connect", "TCP_FASTOPEN_CONNECT"),
  flag("reuseaddr", "SO_REUSEADDR"),
  flag("reuseport", "SO_REUSEPORT"),
  flag("bind-address-no-port", "IP_BIND_ADDRESS_NO_PORT"),
];

/** Listeners of TCP: what is about accepting, and no connection has. */
export const tcpPassiveCases: readonly OptionCase[] = [
  { text: "defer-accept=4s", reads: { TCP_DEFER_ACCEPT: 7 } },
  { text: "fastopen=5", reads: { TCP_FASTOPEN: 5 } },
  { text: "v6only", reads: { IPV6_V6ONLY: 1 } },
  { text: "reuseaddr=no", reads: { SO_REUSEADDR: 0 } },
  { text: "reuseaddr", reads: { SO_REUSEADDR: 1 } },
  flag("reuseport", "SO_REUSEPORT"),
];

/** Both sides of UDP. */
export const udpCases: readonly OptionCase[] = [
  ...inetCases,
  { text: "multicast-ttl=5", reads: { IP_MULTICAST_TTL: 5, IPV6_MULTICAST_HOPS: 5 } },
  { text: "multicast-loop=no", reads: { IP_MULTICAST_LOOP: 0, IPV6_MULTICAST_LOOP: 0 } },
  flag("multicast-all", "IP_MULTICAST_ALL", "IPV6_MULTICAST_ALL"),
  { text: "broadcast", reads: { SO_BROADCAST: 1 } },
  { text: "broadcast=no", reads: { SO_BROADCAST: 0 } },
  { text: "ip-options=01010101", reads: { IP_OPTIONS: "01010101" } },
  flag("reuseport", "SO_REUSEPORT"),
];

/** Receivers of UDP. */
export const udpPassiveCases: readonly OptionCase[] = [
  flag("reuseaddr", "SO_REUSEADDR"),
  flag("v6only", "IPV6_V6ONLY"),
];

/** Unix streams, both sides; accepted connections get them one by one. */
export const unixCases: readonly OptionCase[] = [
  { text: "sndbuf=32KiB", reads: { SO_SNDBUF: 65_536 } },
  { text: "rcvlowat=3B", reads: { SO_RCVLOWAT: 3 } },
];

/** Unix datagrams, both sides. */
export const unixgramCases: readonly OptionCase[] = [
  { text: "sndbuf=32KiB", reads: { SO_SNDBUF: 65_536 } },
];
