/**
 * Numbers of the Linux socket API (asm-generic/socket.h, linux/in.h, linux/tcp.h). They are the
 * same on x86-64 and arm64, the only machines that the runtime exists for; so are the layouts of
 * `struct linger` (2 x i32), `struct timeval` (2 x i64), `struct ucred` (3 x i32) and
 * `struct rlimit` (2 x u64). What differs between the two (`struct epoll_event`, some O_ flags)
 * is not used here. Options that only a name needs are in `option_table.ts`.
 * @module
 */

/** Family of unix(7). */
export const AF_UNIX = 1;
/** Family of ip(7). */
export const AF_INET = 2;
/** Family of ipv6(7). */
export const AF_INET6 = 10;

/** A stream of bytes, socket(2). */
export const SOCK_STREAM = 1;
/** Datagrams. */
export const SOCK_DGRAM = 2;
/** Packets with their headers, raw(7). */
export const SOCK_RAW = 3;
/** A connection that keeps messages. */
export const SOCK_SEQPACKET = 5;
/** Flag of socket(2) and accept4(2): calls do not wait. */
export const SOCK_NONBLOCK = 0o4000;
/** Flag of socket(2) and accept4(2): children do not inherit it. */
export const SOCK_CLOEXEC = 0o2000000;

/** Level of options of any socket, socket(7). */
export const SOL_SOCKET = 1;
/** Level of options of ip(7). */
export const IPPROTO_IP = 0;
/** Level of options of tcp(7). */
export const IPPROTO_TCP = 6;
/** Level of options of ipv6(7). */
export const IPPROTO_IPV6 = 41;

/** The socket's type, read-only. */
export const SO_TYPE = 3;
/** The pending error; reading clears it. */
export const SO_ERROR = 4;
/** Datagrams may be sent to a broadcast address. */
export const SO_BROADCAST = 6;
/** Bytes that may wait to be sent; the kernel keeps twice of what is set. */
export const SO_SNDBUF = 7;
/** What close does with unsent data. */
export const SO_LINGER = 13;
/** Credentials come with each message, unix(7). */
export const SO_PASSCRED = 16;
/** Credentials of the peer of a Unix socket. */
export const SO_PEERCRED = 17;
/** Whether it listens. */
export const SO_ACCEPTCONN = 30;
/** The socket's family, read-only. */
export const SO_DOMAIN = 39;
/** A number that no other socket gets while the system runs. */
export const SO_COOKIE = 57;

/** Segments are sent at once, tcp(7). */
export const TCP_NODELAY = 1;

/** Flag of recv(2) and send(2): this call does not wait. */
export const MSG_DONTWAIT = 0x40;
/** Flag of send(2): EPIPE without SIGPIPE. */
export const MSG_NOSIGNAL = 0x4000;

/** shutdown(2): no more reading. */
export const SHUT_RD = 0;
/** shutdown(2): no more writing. */
export const SHUT_WR = 1;
/** shutdown(2): neither. */
export const SHUT_RDWR = 2;

/** Bytes in the receive queue (linux/sockios.h; FIONREAD). */
export const SIOCINQ = 0x541b;
/** Bytes in the send queue that the peer has not acknowledged (TIOCOUTQ). */
export const SIOCOUTQ = 0x5411;
/** Queued and not sent even once (linux/sockios.h). */
export const SIOCOUTQNSD = 0x894b;

/** open(2): for writing. */
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_ACCMODE = 0o3;
export const O_NONBLOCK = 0o4000;
export const O_APPEND = 0o2000;
export const O_PATH = 0o10000000;
/** open(2) and dup3(2): children do not inherit it. */
export const O_CLOEXEC = 0o2000000;
/** fcntl(2): read the flags of a descriptor. */
export const F_GETFD = 1;
export const F_GETFL = 3;
/** fcntl(2): set them. */
export const F_SETFD = 2;
/** fcntl(2): set the flags of an open file. */
export const F_SETFL = 4;
/** fcntl(2): a duplicate, closed on exec, at the lowest number from the argument on. */
export const F_DUPFD_CLOEXEC = 1030;
/** The only such flag: children do not inherit it. */
export const FD_CLOEXEC = 1;

/** getrlimit(2): descriptors that a process may have open. */
export const RLIMIT_NOFILE = 7;

/** A port whose old connections are in TIME_WAIT may be bound, socket(7). */
export const SO_REUSEADDR = 2;

/** Several sockets listen on the same port. */
export const SO_REUSEPORT = 15;

/** An IPv6 socket takes no IPv4, ipv6(7). */
export const IPV6_V6ONLY = 26;

/** Descriptors in a message, unix(7). */
export const SCM_RIGHTS = 1;

/** Credentials in a message, unix(7). */
export const SCM_CREDENTIALS = 2;

/** Flag that recvmsg(2) gives: a control message was cut off. */
export const MSG_CTRUNC = 0x8;

/** Flag of recvmsg(2): received descriptors are closed on exec. */
export const MSG_CMSG_CLOEXEC = 0x40000000;

/** Flag of recv(2): the result is the whole length of a datagram, also where it was cut. */
export const MSG_TRUNC = 0x20;
/** Flag of recvmsg(2): the error queue instead of the data, ip(7). */
export const MSG_ERRQUEUE = 0x2000;
