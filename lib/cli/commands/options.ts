/**
 * `plumb options [ADDR] [NAME...]`: what socket options there are, with the defaults of this kernel;
 * with an address, what a socket of that kind really has. Binds and connects nothing.
 * @module
 */

import { bindOptions } from "../../address/options.ts";
import { formatValue } from "../../address/value.ts";
import type { Address } from "../../core/address.ts";
import { type Context, deriveContext } from "../../core/context.ts";
import { NetError } from "../../core/error.ts";
import { nearest } from "../../core/nearest.ts";
import { AF_INET6, AF_UNIX, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET } from "../../sys/constants.ts";
import { transports } from "../../transport/table.ts";
import { plainSocket, type Unconnected, unconnectedSocket } from "../../transport/unconnected.ts";
import { decodeTcpInfo } from "../../wire/tcp_info.ts";
import type { CommandContext, Invocation } from "../command.ts";
import {
  isMeantBy,
  type KernelOption,
  kernelOptions,
  optionFacts,
  readKernelOption,
} from "../options_facts.ts";
import { factsText, isChanged, type OptionReading, readingsText } from "../options_text.ts";
import { endpointOf, planEndpoint } from "../planned_endpoint.ts";
import type { Plan } from "../plan.ts";
import { pageWidth } from "../text.ts";

/** Names of options hold nothing else; an address without a colon is only `-`. */
const optionName = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** @throws {NetError} kind "usage", "address" or "option": no such address, or one without socket */
export function plan(invocation: Invocation): Plan {
  const [first, ...rest] = invocation.positionals;
  if (first === undefined || optionName.test(first)) {
    return invocation.plan({ settings: { names: [...invocation.positionals] } });
  }
  const endpoint = planEndpoint("address", first);
  return invocation.plan({ endpoints: [endpoint], settings: { names: rest } });
}

/** @throws {NetError} kind "result" where no option has such a name; as opening the address would */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const given = plan.settings["names"];
  const wanted = chosen(Array.isArray(given) ? given.map(String) : []);
  if (plan.endpoints.length > 0) {
    await reportSocket(endpointOf(plan, "address"), wanted, session);
  } else await reportTable(wanted, session);
  return 0;
}

function chosen(names: readonly string[]): readonly KernelOption[] {
  const all = kernelOptions();
  if (names.length === 0) return all;
  for (const name of names) {
    if (all.some((option) => isMeantBy(option, name))) continue;
    const near = nearest(name.toLowerCase(), all.map(({ row }) => row.name));
    throw new NetError({
      kind: "result",
      op: "options",
      message: `no socket option is called ${name}`,
      ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
    });
  }
  return all.filter((option) => names.some((name) => isMeantBy(option, name)));
}

async function reportTable(wanted: readonly KernelOption[], { host, output }: CommandContext) {
  const facts = optionFacts(wanted);
  // A page that goes to a file or a pipe must not depend on the window beside it.
  const columns = host.stdio.outputIsTerminal ? host.terminalSize()?.columns : undefined;
  if (!output.json) return await output.text(factsText(facts, pageWidth(columns)));
  for (const one of facts) await output.object("option", { ...one });
}

async function reportSocket(
  address: Address,
  wanted: readonly KernelOption[],
  { context, flags, output }: CommandContext,
): Promise<void> {
  const made = await bounded(flags.number("timeout"), context, (child) => {
    return unconnectedSocket(address, child);
  });
  try {
    const readings = read(made, wanted, askedBy(address));
    if (!output.json) return await output.text(`${title(made)}\n${readingsText(readings)}`);
    for (const reading of readings) await output.object("option", fieldsOf(reading));
  } finally {
    made.socket.close();
  }
}

/** Runs what may resolve a name, under `--timeout`. */
async function bounded<T>(
  limitMs: number | undefined,
  context: Context,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  if (limitMs === undefined) return await work(context);
  using child = deriveContext(context);
  const timer = context.clock.timer(limitMs, () => {
    const message = `not resolved within ${limitMs} ms`;
    child.abort(new NetError({ kind: "timeout", op: "options", message }));
  });
  try {
    return await work(child.context);
  } finally {
    timer.cancel();
  }
}

/** What the options of the address ask for, as it is written there. */
function askedBy(address: Address): ReadonlyMap<string, string> {
  const table = transports[address.scheme]?.options ?? [];
  const { given } = bindOptions(address, table);
  return new Map(given.map(({ name, value }) => {
    const row = table.find((one) => one.name === name);
    const text = row === undefined ? String(value) : formatValue(row, value) ?? "on";
    return [name === "interface" ? "bindtodevice" : name, text];
  }));
}

function read(
  made: Unconnected,
  wanted: readonly KernelOption[],
  asked: ReadonlyMap<string, string>,
): readonly OptionReading[] {
  using plain = plainSocket(made.kind, made.family);
  const own = wanted.filter((option) => isOf(made, option));
  const facts = optionFacts(own);
  return own.flatMap((option, at): OptionReading[] => {
    const fact = facts[at];
    const value = readKernelOption(made.socket.fd, option);
    if (fact === undefined || value === null) return [];
    return [{
      facts: fact,
      asked: asked.get(fact.name) ?? null,
      value,
      plain: readKernelOption(plain.fd, option),
    }];
  });
}

/** True where a socket of this kind and family has the option. */
function isOf({ kind, family }: Unconnected, { row, at }: KernelOption): boolean {
  if (!row.sockets.includes(kind)) return false;
  if (at.level === SOL_SOCKET || at.level === IPPROTO_TCP) return true;
  return family !== AF_UNIX && (at.level !== IPPROTO_IPV6 || family === AF_INET6);
}

const kindTitles: Readonly<Record<string, string>> = {
  tcp: "TCP",
  udp: "UDP",
  unix: "Unix stream",
  unixgram: "Unix datagram",
};

function title({ kind, family }: Unconnected): string {
  const over = family === AF_UNIX ? "" : family === AF_INET6 ? " over IPv6" : " over IPv4";
  return `A new ${
    kindTitles[kind] ?? kind
  } socket${over} with the options of the address, neither ` +
    "bound nor connected. * is not the kernel's default.";
}

function fieldsOf(reading: OptionReading): Readonly<Record<string, unknown>> {
  const { facts: { name, kernelName, level, type }, asked, value, plain } = reading;
  const shown = (one: typeof value) =>
    type === "structure" && typeof one === "string" ? decodeTcpInfo(Uint8Array.fromHex(one)) : one;
  return {
    name,
    kernelName,
    level,
    type,
    asked,
    value: shown(value),
    default: shown(plain),
    changed: isChanged(reading),
  };
}
