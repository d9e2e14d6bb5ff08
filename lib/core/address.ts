/**
 * The value of an address. Its grammar (text to value and back) is `lib/address`.
 * @module
 */

/** One option of an endpoint, as written: `?name=value`; null where no `=` was written. */
export interface AddressOption {
  readonly name: string;
  readonly value: string | null;
}

interface AddressBase {
  /** True when the address listens. */
  readonly passive: boolean;
  readonly options: readonly AddressOption[];
}

/** `tcp udp` and, later, `tls ws wss`: a host and a port. */
export interface InetAddress extends AddressBase {
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
  readonly scheme: "unix" | "unixgram" | "file" | "fifo";
  readonly path: string;
  readonly abstract?: boolean;
}

/** `exec sh`: a child process, with the command's text as written. */
export interface CommandAddress extends AddressBase {
  readonly scheme: "exec" | "sh";
  readonly command: string;
}

/** `-` and `stdio:`. */
export interface StdioAddress extends AddressBase {
  readonly scheme: "stdio";
}

/** `fd:N`: an inherited descriptor. */
export interface DescriptorAddress extends AddressBase {
  readonly scheme: "fd";
  readonly descriptor: number;
}

/** `memory:name`: two ends inside this process. */
export interface MemoryAddress extends AddressBase {
  readonly scheme: "memory";
  readonly name: string;
}

/** One step of a scripted peer. Bytes are kept as text with one code unit a byte (latin-1). */
export type ScriptStep =
  | { readonly step: "send" | "expect"; readonly bytes: string }
  | { readonly step: "wait"; readonly durationMs: number }
  | { readonly step: "close" | "abort" | "end" };

/** `script:send=hi&expect=ok&wait=50ms&close`: a scripted peer, written in the address. */
export interface ScriptAddress extends AddressBase {
  readonly scheme: "script";
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
