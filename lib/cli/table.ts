/**
 * The command table: the one place where commands, their arguments and flags are named. The
 * parser, help, completions and the reference (docs/reference.md) are made from it.
 * @module
 */

import type { CommandRow, PositionalRow } from "./command.ts";
import {
  childStatusFlag,
  confirmFlag,
  connectTimeoutFlag,
  drainFlag,
  frameFlag,
  publicFlag,
  serviceSessionFlags,
  sessionFlags,
} from "./flags.ts";
import { heartbeatFlag, heartbeatSayFlag } from "./heartbeat_flag.ts";
import { lastingFlags } from "./lasting_flags.ts";
import { linkFlags } from "./link_flags.ts";
import { modelBeginnings, modelFlags } from "./model_flags.ts";
import { announceFlags } from "./announce_flags.ts";
import { sayFlag } from "./ping_flags.ts";
import { pingRow } from "./ping_row.ts";
import { serverFlags } from "./server_flags.ts";
import { socketsFlags } from "./sockets_flags.ts";
import { watchFlags } from "./watch_flags.ts";

function address(name: string, summary: string, repeat = false): PositionalRow {
  return { name, kind: "address", summary, required: true, ...(repeat ? { repeat } : {}) };
}

/** Every command, in the order of help. */
export const commands: readonly CommandRow[] = [
  {
    name: "connect",
    summary: "standard input and output to a peer",
    positionals: [address("ADDR", "the peer")],
    flags: [
      connectTimeoutFlag,
      ...lastingFlags,
      heartbeatSayFlag,
      confirmFlag,
      ...sessionFlags,
      frameFlag,
      childStatusFlag,
    ],
    examples: [
      { line: "plumb connect tcp://db:5432", summary: "talk to a TCP port" },
      { line: "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | plumb connect :80", summary: "one request" },
      { line: "plumb connect unix:/run/app.sock", summary: "talk to a Unix socket" },
      {
        line: "plumb connect --reconnect --on-connect login.txt tcp://h:7000",
        summary: "stay connected, and log in again each time",
      },
    ],
    logs: true,
    load: () => import("./commands/connect.ts"),
  },
  {
    name: "listen",
    summary: "wait for one peer, then standard input and output to it",
    positionals: [address("ADDR", "where to listen")],
    flags: [
      {
        name: "keep",
        kind: "flag",
        help: "take the next peer after one has gone; the rest wait in the backlog",
      },
      {
        name: "gaps",
        kind: "flag",
        help:
          "datagrams: take those of every sender, and say at the end and on SIGUSR2 what each " +
          "lost, doubled or reordered, by the number after n= or else the first in the text",
      },
      {
        name: "timeout",
        kind: "duration",
        placeholder: "D",
        minimum: 1,
        help: "how long to wait for the first peer (default: without end)",
      },
      heartbeatFlag,
      heartbeatSayFlag,
      ...sessionFlags,
      frameFlag,
      drainFlag,
    ],
    examples: [
      { line: "plumb listen :8080", summary: "on every address, IPv4 and IPv6" },
      { line: "plumb listen --keep unix:/tmp/in.sock", summary: "one peer after another" },
      {
        line: "plumb listen --gaps 'udp://239.0.0.2:9000?interface=eth0'",
        summary: "what gets lost of a multicast",
      },
    ],
    logs: true,
    load: () => import("./commands/listen.ts"),
  },
  {
    name: "relay",
    summary: "join two endpoints",
    details: [
      "A passive end (listen:) serves many peers at once; both passive: paired in order of " +
      "arrival. A session that fails never changes a server's exit status.",
    ],
    positionals: [address("A", "one end"), address("B", "the other end")],
    flags: [
      { name: "once", kind: "flag", help: "serve one peer, then end; an end that is - implies it" },
      connectTimeoutFlag,
      ...lastingFlags,
      heartbeatSayFlag,
      ...sessionFlags,
      frameFlag,
      ...serverFlags,
      ...modelFlags,
      drainFlag,
      publicFlag,
      childStatusFlag,
    ],
    examples: [
      { line: "plumb relay listen::8080 unix:/run/app.sock", summary: "a port to a Unix socket" },
      { line: "plumb relay - tcp://h:7", summary: "as connect does" },
    ],
    logs: true,
    load: () => import("./commands/relay.ts"),
  },
  {
    name: "serve",
    summary: "a server on one or more addresses at once",
    details: [
      "http [DIR] ADDR...: the first word is the folder whose files are served if it begins with " +
      ". or /, or has no colon; without it only /api/upper, /api/echo and /api/time are there.",
      "announce ADDR...: sends a datagram to each address every second, to a group, a broadcast " +
      "address or one host; listen --gaps says which of them did not arrive.",
    ],
    positionals: [
      { name: "SERVICE", kind: "service", summary: "what to serve", required: true },
      address("ADDR", "where to listen", true),
    ],
    flags: [
      { name: "utf8", kind: "flag", help: "upper: letters of every script, not of ASCII alone" },
      sayFlag,
      ...announceFlags,
      connectTimeoutFlag,
      heartbeatFlag,
      ...serviceSessionFlags,
      ...serverFlags,
      ...modelFlags,
      drainFlag,
      publicFlag,
    ],
    examples: [
      { line: "plumb serve echo :7007 udp://:7007", summary: "TCP and UDP at once" },
      { line: "plumb serve upper --utf8 unix:/tmp/up.sock", summary: "upper case" },
      { line: "plumb serve http ./public :8080", summary: "files of a folder, and /api" },
      {
        line: "plumb serve announce 'udp://239.0.0.2:9000?interface=eth0' --every 1s",
        summary: "be found by multicast",
      },
      { line: "plumb serve echo :7007 --stats 127.0.0.1:9007", summary: "with figures over HTTP" },
    ],
    logs: true,
    load: () => import("./commands/serve.ts"),
  },
  pingRow,
  {
    name: "watch",
    summary: "liveness of many endpoints: up, suspect, down",
    details: [
      "Each target is probed in its interval, all of them spread evenly. One probe that fails makes " +
      "a target suspect, --misses in a row down; --rises answers in a row make it up again, and " +
      "more for one that keeps falling. A fault of this machine (no descriptor, no route) tells " +
      "nothing of a target: after --misses of them it is unknown.",
      "On a terminal a live table, else a line for each change. SIGHUP reads --file again and " +
      "probes everything now, SIGUSR2 prints the tally.",
      "A connect to plain TCP ends with a reset instead of the third packet of the handshake: the " +
      "server's program does not see it, and no TIME_WAIT stays.",
    ],
    positionals: [{ ...address("ADDR", "what to watch", true), required: false }],
    flags: [...watchFlags, publicFlag],
    examples: [
      { line: "plumb watch db:5432 unix:/run/app.sock", summary: "a live table" },
      { line: "plumb watch --once --json db:5432 cache:6379", summary: "for a script: 0 or 6" },
      {
        line: "plumb watch --file targets.toml --web 127.0.0.1:9008",
        summary: "a page for the phone, and metrics",
      },
      {
        line: "plumb watch db:5432 --on-change 'logger -t watch changed'",
        summary: "tell somebody",
      },
    ],
    logs: true,
    load: () => import("./commands/watch.ts"),
  },
  {
    name: "link",
    summary: "a session that survives its connections, with forwards",
    details: [
      "With listen: it is the side that waits, without the side that connects. Both have the key " +
      "of --key-file (plumb link keygen FILE makes one). The connection between them, the carrier, " +
      "may break, stall and change its address as it likes: the client dials again, and both go on " +
      "where they were, with nothing lost and nothing doubled.",
      "--forward 'listen:tcp://127.0.0.1:5432=tcp://db:5432' listens here, and the server connects; " +
      "--reverse 'listen:tcp://:8080=tcp://localhost:3000' has the server listen, and this side " +
      "connects. The server opens and listens at nothing that no --permit names. A permit is " +
      "compared in its normal form, options included, and names are not resolved; a * is a whole " +
      "host or port of tcp or udp.",
      "A server that was restarted does not know its sessions any more: connections that were open " +
      "are reset, which is said, and the forwards go on with a new session. Of two clients with one " +
      "identity the newer takes over, and the older ends with exit status 4.",
      "Exit status 5: a wrong key, a key file that others can read, a listener without a permit.",
    ],
    positionals: [
      address("ADDR|keygen", "the other side, or where to listen for it"),
      { name: "FILE", kind: "text", summary: "keygen: the key file to make", required: false },
    ],
    flags: linkFlags,
    examples: [
      { line: "plumb link keygen link.key", summary: "a new key; copy it to the other side" },
      {
        line: "plumb link listen:tcp://:7000 --key-file link.key --permit tcp://db:5432",
        summary: "wait for clients",
      },
      {
        line: "plumb link tcp://server:7000 --key-file link.key " +
          "--forward 'listen:tcp://127.0.0.1:5432=tcp://db:5432'",
        summary: "the database of the server's network, here",
      },
      {
        line: "plumb link 'exec:ssh host plumb connect unix:/run/plumb.sock' --no-seal " +
          "--reverse 'listen:tcp://127.0.0.1:8080=tcp://localhost:3000'",
        summary: "over ssh, to a server at a Unix socket",
      },
    ],
    logs: true,
    load: () => import("./commands/link.ts"),
  },
  {
    name: "probe",
    summary: "the largest datagram that reaches a UDP echo service in one piece",
    details: [
      "Datagrams that must not be cut into fragments (DF) are sent to an echo service, larger and " +
      "smaller ones by halves. This version probes udp only.",
    ],
    positionals: [address("ADDR", "the echo service: udp://HOST:PORT")],
    flags: [
      connectTimeoutFlag,
      {
        name: "wait",
        kind: "duration",
        placeholder: "D",
        minimum: 1,
        help: "how long to wait for an echo (default 500ms)",
      },
      {
        name: "tries",
        kind: "integer",
        placeholder: "N",
        minimum: 1,
        maximum: 100,
        help: "how often a size is sent before it counts as lost (default 3)",
      },
    ],
    examples: [
      { line: "plumb probe udp://192.0.2.7:7", summary: "the MTU of the way there" },
    ],
    logs: true,
    load: () => import("./commands/probe.ts"),
  },
  {
    name: "addr",
    summary: "an address in every form: bytes, byte order, kind, network",
    details: ["Without arguments: the interfaces of this machine with their addresses."],
    positionals: [{
      name: "ADDR",
      kind: "host",
      summary: "an IP address, address:port, a prefix (10.1.2.3/20) or a path",
      required: false,
      repeat: true,
    }],
    flags: [{
      name: "to",
      kind: "text",
      placeholder: "HOST",
      help: "the source address, interface and gateway towards HOST, without sending a packet",
    }],
    examples: [
      { line: "plumb addr 10.1.2.3/20", summary: "network, broadcast, range" },
      { line: "plumb addr --to example.org", summary: "which way packets would go" },
    ],
    logs: false,
    load: () => import("./commands/addr.ts"),
  },
  {
    name: "dns",
    summary: "resolve names forward and reverse, with times",
    positionals: [{
      name: "NAME",
      kind: "host",
      summary: "a name, or an IP address to look up in reverse",
      required: true,
      repeat: true,
    }],
    flags: [
      connectTimeoutFlag,
      {
        name: "server",
        kind: "text",
        placeholder: "HOST[:PORT]",
        help: "ask this name server (default: as the system does)",
      },
      {
        name: "type",
        kind: "choice",
        choices: ["A", "AAAA", "CAA", "CNAME", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "TXT"],
        repeat: true,
        help: "record kind; may be repeated (default: A and AAAA)",
      },
      { name: "reverse", kind: "flag", help: "look the resolved addresses up in reverse too" },
    ],
    examples: [
      { line: "plumb dns example.org", summary: "addresses, in the order they would be tried" },
      { line: "plumb dns --type=MX --type=TXT example.org", summary: "other records" },
    ],
    logs: false,
    load: () => import("./commands/dns.ts"),
  },
  {
    name: "sockets",
    summary: "this machine's sockets: states, queues, owners, timers",
    details: [
      "TCP, UDP and Unix sockets of IPv4 and IPv6, all of them unless a flag says which; every " +
      "flag that is given must hold, --state may be any of several. Exit status 6 where nothing " +
      "matches. States have the names of ss(8); Recv-Q and Send-Q of a listener are the " +
      "connections that wait, and how many may.",
      "--watch follows one connection until it is gone. On loopback both ends of it are here: " +
      "--port means the end that has that port as its own. While only a listener is there, it " +
      "waits for the first connection.",
    ],
    positionals: [],
    flags: socketsFlags,
    examples: [
      { line: "plumb sockets --listening --tcp", summary: "who listens where" },
      { line: "plumb sockets --summary", summary: "whether something piles up" },
      { line: "plumb sockets --port 5432 --info", summary: "why a connection hangs" },
      { line: "plumb sockets --port 8080 --watch", summary: "see one live and end" },
    ],
    logs: false,
    load: () => import("./commands/sockets.ts"),
  },
  {
    name: "options",
    summary: "socket options: what they do, and what a socket really has",
    details: [
      "Without an address: every socket option with its kernel name, type, range, the moment at " +
      "which it is set, its default on this kernel (asked by opening a socket) and what people " +
      "trip over. With one: a new socket of that kind gets the options of the address and is " +
      "asked for all it has; it is neither bound nor connected. NAMEs choose options, by any part " +
      "of either name; exit status 6 where there is none.",
    ],
    positionals: [{
      name: "ADDR|NAME",
      kind: "address",
      summary: "a tcp, udp, unix or unixgram address, or the name of an option; then only names",
      required: false,
      repeat: true,
    }],
    flags: [],
    examples: [
      { line: "plumb options", summary: "all of them, explained" },
      { line: "plumb options TCP_KEEPIDLE linger", summary: "some of them" },
      {
        line: "plumb options 'tcp://db:5432?rcvbuf=64KiB&keepalive=30s/5s/3'",
        summary: "what the kernel makes of what is asked",
      },
    ],
    logs: true,
    load: () => import("./commands/options.ts"),
  },
  {
    name: "limits",
    summary: "what this machine allows a server, and what to set for more",
    details: [
      "Descriptors, processes, threads, queues, ports and buffers, each explained in a line. " +
      "With --for: what so many sessions at once need under a server model, beside what there " +
      "is, with the lines for limits.conf, systemd and sysctl; exit status 6 where the machine " +
      "is below. Nothing is changed.",
    ],
    positionals: [],
    flags: [
      {
        name: "for",
        kind: "integer",
        placeholder: "N",
        minimum: 1,
        maximum: 10_000_000,
        help: "work out what N sessions at once need",
      },
      {
        name: "model",
        kind: "text",
        placeholder: "M",
        standard: "loop",
        suggestions: modelBeginnings,
        help: "under this server model: loop iterative process prefork=N thread threads=N " +
          "pool=MIN..MAX (default loop)",
      },
    ],
    examples: [
      { line: "plumb limits", summary: "what there is" },
      { line: "plumb limits --for 20000 --model process", summary: "what to set" },
    ],
    logs: false,
    load: () => import("./commands/limits.ts"),
  },
  {
    name: "completions",
    summary: "print completions for a shell",
    positionals: [{
      name: "SHELL",
      kind: "shell",
      summary: "which shell",
      required: true,
      choices: ["bash", "zsh", "fish"],
    }],
    flags: [],
    examples: [{
      line: "source <(plumb completions bash)",
      summary: "completions in this shell",
    }],
    logs: false,
    load: () => import("./commands/completions.ts"),
  },
  {
    name: "help",
    summary: "help of a command or about a topic",
    positionals: [{
      name: "TOPIC",
      kind: "command-or-topic",
      summary: "a command or a topic",
      required: false,
    }],
    flags: [{
      name: "reference",
      kind: "flag",
      hidden: true,
      help: "print docs/reference.md",
    }],
    examples: [
      { line: "plumb help connect", summary: "one command" },
      { line: "plumb help addresses", summary: "the address language" },
    ],
    logs: false,
    load: () => import("./commands/help.ts"),
  },
  {
    name: "version",
    summary: "print the version",
    positionals: [],
    flags: [],
    examples: [{ line: "plumb version --json", summary: "as an object" }],
    logs: false,
    load: () => import("./commands/version.ts"),
  },
];
