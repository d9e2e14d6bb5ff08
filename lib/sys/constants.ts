/**
 * Numbers of the Linux socket API (asm-generic/socket.h, linux/in.h, linux/tcp.h). They are the
 * same on x86-64 and arm64, the only machines that the runtime exists for; so are the layouts of
 * `struct linger` (2 x i32), `struct timeval` (2 x i64), `struct ucred` (3 x i32) and
 * `struct rlimit` (2 x u64). What differs between the two (`struct epoll_event`, some O_ flags)
 * is not used here.
 * @module
 */

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const IPPROTO_IP = 0;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;

export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_LINGER = 13;
export const SO_PEERCRED = 17;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_ACCEPTCONN = 30;
export const SO_DOMAIN = 39;
export const SO_COOKIE = 57;

export const MSG_OOB = 0x1;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

/** Bytes in the receive queue (linux/sockios.h, FIONREAD). */
export const SIOCINQ = 0x541b;
/** Bytes in the send queue that the peer has not acknowledged (TIOCOUTQ). */
export const SIOCOUTQ = 0x5411;

export const O_WRONLY = 0o1;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;

export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const FD_CLOEXEC = 1;

export const RLIMIT_NOFILE = 7;
