/**
 * Networks of a test's own: hosts that are network namespaces (ip-netns(8)), joined by a switch or
 * a router. Nothing of the machine's own network is touched, and everything is removed again.
 * @module
 */

import { plumbCommand, type ProcessOptions, run, type RunningProcess, start } from "./process.ts";
import { testUnless } from "./tools.ts";

/** One host of a network. */
export interface NetHost {
  /** Of the namespace, unique on the machine. */
  readonly name: string;
  /** Starts a program on this host. */
  start(command: readonly string[], options?: ProcessOptions): RunningProcess;
  /** Starts plumb on this host. */
  plumb(args: readonly string[], options?: ProcessOptions): RunningProcess;
}

/** Commands of ip(8), one string each; the first that fails ends it. */
export async function ip(commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const { code, stderr } = await run(["ip", ...command.split(" ")]);
    if (code !== 0) throw new Error(`ip ${command}: ${stderr.trim()}`);
  }
}

/** Hosts, and what joins them. `await using` it after nothing and before every process on it. */
export class Network implements AsyncDisposable {
  readonly #names: string[] = [];
  readonly #prefix = `plumb${Deno.pid}x${Math.floor(Math.random() * 1e6).toString(36)}`;

  /** Makes a host that is joined to nothing yet, with its loopback up. */
  async host(label: string): Promise<NetHost> {
    const name = `${this.#prefix}-${label}`;
    await ip([`netns add ${name}`]);
    this.#names.push(name);
    // Addresses are usable at once: nobody else can have them.
    await set(name, "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0");
    await ip([`-n ${name} link set lo up`]);
    const on = (command: readonly string[], options?: ProcessOptions) =>
      start(["ip", "netns", "exec", name, ...command], options);
    return { name, start: on, plumb: (args, options) => on([...plumbCommand, ...args], options) };
  }

  /**
   * Joins hosts by a switch: `device` of the n-th has 10.77.NET.n/24 and fd77:NET::n/64, and the
   * groups are routed by it.
   */
  async join(hosts: readonly NetHost[], net = 1, device = "eth0"): Promise<void> {
    const { name: hub } = await this.host(`hub${net}`);
    await ip([
      `-n ${hub} link add br0 type bridge mcast_snooping 0`,
      `-n ${hub} link set br0 up`,
    ]);
    for (const [at, { name }] of hosts.entries()) {
      const place = at + 1;
      await ip([
        `-n ${name} link add ${device} type veth peer name port${place} netns ${hub}`,
        `-n ${hub} link set port${place} master br0 up`,
        `-n ${name} link set ${device} up`,
        `-n ${name} addr add 10.77.${net}.${place}/24 broadcast + dev ${device}`,
        `-n ${name} addr add fd77:${net}::${place}/64 dev ${device} nodad`,
      ]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names.reverse()) await run(["ip", "netns", "del", name]);
  }
}

/** Sets kernel parameters on a host: `net.ipv4.ip_forward=1`. */
export async function set(host: string, ...parameters: readonly string[]): Promise<void> {
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    const path = `/proc/sys/${name.replaceAll(".", "/")}`;
    const command = ["ip", "netns", "exec", host, "sh", "-c", `echo ${value} > ${path}`];
    const { code, stderr } = await run(command);
    if (code !== 0) throw new Error(`${parameter}: ${stderr.trim()}`);
  }
}

/** Why networks cannot be made here, or null. */
async function reasonAgainst(): Promise<string | null> {
  try {
    await using network = new Network();
    await network.host("try");
    return null;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return `network namespaces are not permitted here: ${reason}`;
  }
}

const reason = await reasonAgainst();

/** Registers a test that needs a network of its own; with CI=true it is never skipped. */
export function networkTest(name: string, fn: () => Promise<void>): void {
  testUnless(Deno.env.get("CI") === "true" ? null : reason, name, () => fn());
}
