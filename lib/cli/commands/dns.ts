/**
 * `plumb dns NAME...`: names and addresses -> records, with who said so and how fast.
 * @module
 */

import { deriveContext } from "../../core/context.ts";
import type { Context } from "../../core/context.ts";
import { NetError } from "../../core/error.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { makeResolver } from "../dns_resolver.ts";
import { readDnsSubject, readServer } from "../dns_subject.ts";
import type { Plan } from "../plan.ts";

/** @throws {NetError} kind "usage" or "address": a name or a server that is none */
export function plan(invocation: Invocation): Plan {
  const names = invocation.positionals.map((text) => readDnsSubject(text).name);
  const server = invocation.flags.text("server");
  if (server !== undefined) readServer(server);
  return invocation.plan({ settings: { names: [...invocation.positionals], questions: names } });
}

/**
 * Looks everything up, one name after the other, the kinds of one name at once.
 *
 * @throws {NetError} kind "resolve" where a name does not exist or no server answers, "result"
 * where names exist without such records; only after all that was found was printed
 */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const texts = plan.settings["names"];
  const subjects = Array.isArray(texts) ? texts.map((text) => readDnsSubject(String(text))) : [];
  const failures: NetError[] = [];
  using timed = withTimeout(session);
  const resolver = await makeResolver(session, timed.context);
  for (const subject of subjects) {
    const failure = await resolver.report(subject);
    if (failure !== null) failures.push(failure);
  }
  const [first] = failures;
  if (first === undefined) return 0;
  throw failures.length === 1 ? first : manyFailed(failures, subjects.length);
}

/** `--timeout` covers the command as a whole. */
function withTimeout(session: CommandContext): Disposable & { readonly context: Context } {
  const child = deriveContext(session.context);
  const limitMs = session.flags.number("timeout");
  const timer = limitMs === undefined ? undefined : session.context.clock.timer(limitMs, () => {
    const message = `no answer within ${limitMs} ms`;
    const hint = "raise it with --timeout";
    child.abort(new NetError({ kind: "timeout", op: "dns", message, hint, blame: "remote" }));
  });
  return {
    context: child.context,
    [Symbol.dispose]: () => {
      timer?.cancel();
      child[Symbol.dispose]();
    },
  };
}

function manyFailed(failures: readonly NetError[], total: number): NetError {
  const each = failures.map(({ address, reason }) => `${address ?? "?"} ${reason}`).join("; ");
  const kind = failures.find((failure) => failure.kind !== "result")?.kind ?? "result";
  const message = `${failures.length} of ${total} names: ${each}`;
  const attempts = failures.flatMap((failure) => failure.attempts);
  return new NetError({ kind, op: "dns", message, attempts, blame: "remote" });
}
