/**
 * A real sshd on loopback, with keys and files of its own, for tests and benchmarks over ssh.
 * @module
 */

import { freeTcpPort, tcpListening } from "./ports.ts";
import { run, type RunningProcess, start } from "./process.ts";

const daemon = "/usr/sbin/sshd";

/** True where it is installed; it is not on the PATH of everybody. */
export function hasSshd(): boolean {
  try {
    return Deno.statSync(daemon).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs until it is disposed. */
export class Sshd implements AsyncDisposable {
  /** `ssh` with everything that it needs to log in here: add a command, or `-L`. */
  readonly ssh: readonly string[];
  readonly #process: RunningProcess;
  readonly #folder: string;

  private constructor(process: RunningProcess, folder: string, ssh: readonly string[]) {
    this.#process = process;
    this.#folder = folder;
    this.ssh = ssh;
  }

  /** Listens on a free port of 127.0.0.1; logs in who runs the test. */
  static async open(): Promise<Sshd> {
    const folder = await Deno.makeTempDir({ prefix: "plumb-sshd-" });
    const port = freeTcpPort();
    for (const name of ["host", "user"]) {
      const made = await run([
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-f",
        `${folder}/${name}`,
      ]);
      if (made.code !== 0) throw new Error(made.stderr);
    }
    await Deno.copyFile(`${folder}/user.pub`, `${folder}/authorized_keys`);
    // Where it drops its rights, if it has any; with systemd its unit makes it.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    const config = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/authorized_keys`,
      `PidFile ${folder}/pid`,
      "UsePAM no",
      "PasswordAuthentication no",
      "StrictModes no",
      "",
    ];
    await Deno.writeTextFile(`${folder}/config`, config.join("\n"));
    const process = start([daemon, "-D", "-e", "-f", `${folder}/config`], { stdin: "null" });
    await tcpListening(port);
    const options = [
      ["IdentitiesOnly", "yes"],
      ["UserKnownHostsFile", `${folder}/known_hosts`],
      ["StrictHostKeyChecking", "accept-new"],
      ["BatchMode", "yes"],
      ["LogLevel", "ERROR"],
    ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    const who = ["-F", "none", "-i", `${folder}/user`, "-p", String(port), ...options];
    return new Sshd(process, folder, ["ssh", ...who, "127.0.0.1"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
