/**
 * Options of UDP endpoints about groups: `interface join source multicast-loop`.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import { NetError } from "../core/error.ts";
import type { Options, OptionTable } from "../core/option.ts";
import { inetPton } from "../wire/inet.ts";
import {
  isMulticast,
  type Membership,
  type MulticastInterface,
  multicastInterface,
} from "./multicast.ts";

/** Rows of the table of `udp://`. */
export const multicastRows: OptionTable = [
  {
    name: "interface",
    kind: "text",
    placeholder: "NAME",
    help:
      "the interface of multicast and broadcast, by name, number or address (default: by route)",
  },
  {
    name: "join",
    kind: "text",
    side: "passive",
    repeat: true,
    placeholder: "GROUP[@INTERFACE]",
    help: "receive a multicast group; a group as host is joined without it",
  },
  {
    name: "source",
    kind: "text",
    side: "passive",
    placeholder: "HOST,...",
    help: "receive of the groups only what these hosts send (default: whoever sends)",
  },
  {
    name: "multicast-loop",
    kind: "flag",
    phase: "live",
    help: "members on this machine receive what is sent from here (default on)",
  },
];

/** What was asked of groups. */
export interface MulticastSettings {
  readonly interface: MulticastInterface | undefined;
  /** Those of `join`; the host of the address, if it is a group, is not among them. */
  readonly memberships: readonly Membership[];
  readonly sources: readonly string[];
  readonly loop: boolean;
}

/**
 * Reads the options of one side.
 *
 * @throws {NetError} kind "option" for an interface that there is not, a group that is none, a
 * source of the other family
 */
export function readMulticast(
  options: Options,
  side: "active" | "passive",
  { host, zone }: InetAddress,
): MulticastSettings {
  const named = options.text("interface");
  const zoned = zone === undefined ? undefined : multicastInterface(zone);
  const chosen = named === undefined ? zoned : multicastInterface(named);
  if (zoned !== undefined && chosen?.index !== zoned.index) {
    throw fault("interface", named ?? "", `not the interface of the zone, ${zone}`);
  }
  const passive = side === "passive";
  const sources = passive ? readSources(options.text("source")) : [];
  const memberships = passive
    ? options.list("join").map((text) => readJoin(text, chosen, sources))
    : [];
  if (memberships.length > 0 && isMulticast(host)) {
    const hint = `listen on ${host.includes(":") ? "[::]" : "0.0.0.0"} and join each`;
    const message = `bound to the group ${host}, a socket receives no other`;
    throw fault("join", memberships[0]?.group ?? "", message, hint);
  }
  if (sources.length > 0 && memberships.length === 0 && inetPton(host) !== null) {
    if (!isMulticast(host)) throw fault("source", sources.join(), "there is no group to receive");
    checkSources(host, sources);
  }
  return {
    interface: chosen,
    memberships,
    sources,
    loop: options.flag("multicast-loop") ?? true,
  };
}

/** The groups that a socket bound to `host` is to receive. */
export function membershipsOf(host: string, settings: MulticastSettings): readonly Membership[] {
  const { interface: on, memberships, sources } = settings;
  return isMulticast(host) ? [{ group: host, on, sources }] : memberships;
}

function readJoin(
  text: string,
  chosen: MulticastInterface | undefined,
  sources: readonly string[],
): Membership {
  const [group = "", named] = text.split("@");
  if (!isMulticast(group)) {
    const hint = "IPv4 groups are 224.0.0.0 to 239.255.255.255, IPv6 groups begin with ff";
    throw fault("join", text, "not a multicast group", hint);
  }
  checkSources(group, sources);
  return { group, on: named === undefined ? chosen : multicastInterface(named), sources };
}

function readSources(text: string | undefined): readonly string[] {
  const sources = text === undefined ? [] : text.split(",");
  for (const source of sources) {
    if (inetPton(source) === null) throw fault("source", source, "not a numeric address");
    if (isMulticast(source)) throw fault("source", source, "a group sends nothing");
  }
  return sources;
}

function checkSources(group: string, sources: readonly string[]): void {
  const other = sources.find((source) => source.includes(":") !== group.includes(":"));
  if (other === undefined) return;
  throw fault("source", other, `of another family than the group ${group}`);
}

function fault(name: string, value: string, message: string, hint?: string): NetError {
  const address = value === "" ? name : `${name}=${value}`;
  return new NetError({ kind: "option", op: "option", address, message, ...(hint && { hint }) });
}
