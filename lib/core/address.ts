/**
 * The value of an address. Its grammar (text to value and back) is `lib/address`.
 * @module
 */

/** One option of an endpoint, as written: `?name=value`; null where no `=` was written. */
export interface AddressOption {
  /** Lower-case letters, digits and `-`; whether the endpoint knows it is seen at opening. */
  readonly name: string;
  /** Percent-decoded text, not yet read as a number, duration or size. */
  readonly value: string | null;
}

/** What every address has. */
export interface AddressBase {
  /** True when the address listens. */
  readonly passive: boolean;
  /** In the order as written; empty where there are none. */
  readonly options: readonly AddressOption[];
}

/** `tcp udp` and, later, `tls ws wss`: a host and a port. */
export interface InetAddress extends AddressBase {
  /** A stream or datagrams. */
  readonly scheme: "tcp" | "udp";
  /** Name or numeric host without brackets, in lower case where it is a name; "" where empty. */
  readonly host: string;
  /** 0 to 65535, 0 only when passive. */
  readonly port: number;
  /** Zone of a link-local IPv6 address (RFC 6874 without the escape): `eth0`. */
  readonly zone?: string;
}

/** `unix unixgram file fifo`: a path, relative ones kept; `abstract` for `unix:@name`. */
export interface PathAddress extends AddressBase {
  /** A Unix socket of streams or of datagrams, a file, or a named pipe. */
  readonly scheme: "unix" | "unixgram" | "file" | "fifo";
  /** Percent-decoded; without the `@` where it is an abstract name. */
  readonly path: string;
  /** True for a name in the abstract namespace (unix(7)); Unix sockets only. */
  readonly abstract?: boolean;
}

/** `exec sh`: a child process, with the command's text as written. */
export interface CommandAddress extends AddressBase {
  /** `exec` splits words without any expansion; `sh` hands the text to `/bin/sh -c`. */
  readonly scheme: "exec" | "sh";
  /** Never percent-decoded. */
  readonly command: string;
}

/** `-` and `stdio:`. */
export interface StdioAddress extends AddressBase {
  /** One word for both forms. */
  readonly scheme: "stdio";
}

/** `fd:N` and `fd:NAME`: an inherited descriptor. */
export interface DescriptorAddress extends AddressBase {
  /** A descriptor that this process was started with. */
  readonly scheme: "fd";
  /** Its number, from 0; or the name that systemd gave it (LISTEN_FDNAMES), only when passive. */
  readonly descriptor: number | string;
}

/** `memory:name`: two ends inside this process. */
export interface MemoryAddress extends AddressBase {
  /** No kernel between the ends: for the library and for tests. */
  readonly scheme: "memory";
  /** Percent-decoded; who connects and who listens meet by it. */
  readonly name: string;
}

/** One step of a scripted peer. Bytes are kept as text with one code unit a byte (latin-1). */
export type ScriptStep =
  | { readonly step: "send" | "expect"; readonly bytes: string }
  | { readonly step: "wait"; readonly durationMs: number }
  | { readonly step: "close" | "abort" | "end" };

/** `script:send=hi&expect=ok&wait=50ms&close`: a scripted peer, written in the address. */
export interface ScriptAddress extends AddressBase {
  /** Always active: there is no peer but the script. */
  readonly scheme: "script";
  /** In the order in which they are performed. */
  readonly steps: readonly ScriptStep[];
}

/** An endpoint as a value; `parseAddress(formatAddress(a))` equals `a`. */
export type Address =
  | InetAddress
  | PathAddress
  | CommandAddress
  | StdioAddress
  | DescriptorAddress
  | MemoryAddress
  | ScriptAddress;

/** Every scheme of the address language that this version has. */
export type Scheme = Address["scheme"];
