import { assertEquals } from "@std/assert";
import { parseAddress } from "../../../lib/address/parse.ts";
import { ReverseListener } from "../../../lib/api/link_reverse.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { type Log, silentLog } from "../../../lib/core/log.ts";
import { HandListener, Linked } from "../../support/linked.ts";
import { makePair } from "../../support/pair.ts";

Deno.test("a listener over there can be closed while the link is down", async () => {
  const gone = Promise.withResolvers<void>();
  await using linked = new Linked({
    handlers: { listen: ({ target }) => Promise.resolve(new HandListener(target)) },
    // The restarted server is met once, and nobody answers after that.
    dial: (nth) => nth < 2 ? undefined : makePair()[0],
  });
  const client = linked.client({ renews: true });
  const log: Log = {
    ...silentLog,
    write: (_level, event) => void (event === "reverse" && gone.resolve()),
  };
  const address = parseAddress("listen:tcp://:8080");
  const listener = await ReverseListener.open(client, address, makeContext({ log }));
  const accepting = listener.accept();
  linked.restart();
  await gone.promise;
  await listener[Symbol.asyncDispose]();
  assertEquals(await accepting, null);
});
