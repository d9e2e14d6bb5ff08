/**
 * Interfaces and routes -> lines for people.
 * @module
 */

import { escapeControls } from "../core/error.ts";
import type { InterfaceFacts, NoRoute, RouteFacts } from "./addr_machine.ts";
import { table } from "./text.ts";

/** A line for each address; an interface without one has a line of its own. */
export function interfacesText(interfaces: readonly InterfaceFacts[]): string {
  const heads = ["INTERFACE", "STATE", "MTU", "ADDRESS", "KIND", "BROADCAST", "GATEWAY"];
  const rows = interfaces.flatMap((facts) => {
    const first = [facts.interface, facts.up ? "up" : "down", String(facts.mtu ?? "-")];
    if (facts.addresses.length === 0) return [[...first, "-", "-", "-", "-"]];
    return facts.addresses.map((address, at) => [
      ...(at === 0 ? first : ["", "", ""]),
      `${address.host}/${address.prefixLength}`,
      address.kind,
      address.broadcast ?? "-",
      // Of the same family, and where packets leave the link: not beside link-local addresses.
      address.kind === "link-local" ? "-" : gatewayOf(facts, address.family) ?? "-",
    ]);
  });
  return table(rows, heads).map(escapeControls).join("\n");
}

function gatewayOf({ gateways }: InterfaceFacts, family: "inet" | "inet6"): string | undefined {
  return gateways.find((gateway) => gateway.includes(":") === (family === "inet6"));
}

/** The way to a destination, in four lines. */
export function routeText(route: RouteFacts | NoRoute): string {
  const title = route.to === route.destination ? route.to : `${route.to}  ${route.destination}`;
  const rows = "error" in route ? [["no route", route.error.reason]] : [
    ["source", route.source ?? "-"],
    ["interface", route.interface ?? "-", route.mtu === null ? "" : `MTU ${route.mtu}`],
    ["gateway", route.gateway ?? "none", route.gateway === null ? onLink(route) : ""],
  ];
  const lines = table(rows).map((line) => `  ${line}`);
  return [title, ...lines].map(escapeControls).join("\n");
}

function onLink({ kind }: RouteFacts): string {
  if (kind === "local") return "this machine itself";
  return kind === "unicast" ? "on the link" : kind;
}
