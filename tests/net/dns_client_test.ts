import "../support/libc.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { askServers, type DnsClient } from "../../lib/cli/dns_client.ts";
import { lookUp, typeByName } from "../../lib/cli/dns_lookup.ts";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import type { Ports } from "../../lib/core/transport.ts";
import { openActive } from "../../lib/transport/open.ts";
import {
  type DnsServerManners,
  everyKind,
  kindNames,
  startDnsServer,
  type TestDnsServer,
} from "../support/dns_server.ts";

const noPorts: Ports = {
  stdio: {
    inputIsTerminal: false,
    outputIsTerminal: false,
    read: () => Promise.resolve(null),
    write: () => Promise.resolve(),
    closeOutput: () => {},
  },
};
const A = typeByName("A");

function clientOf(ports: readonly number[], more: Partial<DnsClient> = {}): DnsClient {
  return {
    servers: ports.map((port) => ({ host: "127.0.0.1", port, tcpOnly: false })),
    attemptMs: 5000,
    attempts: 2,
    dial: (address, context) => openActive(address, context, noPorts),
    ...more,
  };
}

/** Runs a test against one server with these manners. */
function served(
  name: string,
  manners: DnsServerManners,
  test: (server: TestDnsServer) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using server = startDnsServer(manners);
    await test(server);
  });
}

const zone = { "a.test": everyKind };

served("a lookup gives every kind of record that the server has", { zone }, async (server) => {
  const kinds = kindNames.filter((name) => name !== "CNAME");
  for (const kind of kinds) {
    const lookup = await lookUp(
      "A.Test.",
      typeByName(kind),
      clientOf([server.port]),
      makeContext(),
    );
    assertEquals(lookup.outcome, "found", kind);
    assertEquals(lookup.records.map(({ data }) => data), everyKind.filter((d) => d.type === kind));
    assertEquals(lookup.records[0]?.ttl, 300);
  }
});

const aliases = {
  "www.test": [{ type: "CNAME", target: "b.test" }],
  "b.test": [{ type: "CNAME", target: "a.test" }],
  "lost.test": [{ type: "CNAME", target: "gone.test" }],
  "one.test": [{ type: "CNAME", target: "two.test" }],
  "two.test": [{ type: "CNAME", target: "one.test" }],
  ...zone,
} as const;

for (const followAliases of [true, false]) {
  const how = followAliases ? "in one answer" : "with a question each";
  served(`aliases are followed ${how}`, { zone: aliases, followAliases }, async (server) => {
    const lookup = await lookUp("www.test", A, clientOf([server.port]), makeContext());
    assertEquals(lookup.chain.map(({ name }) => name), ["www.test", "b.test"]);
    assertEquals(lookup.records[0]?.name, "a.test");
    assertEquals(lookup.name, "www.test");
    assertEquals(lookup.replies.length, followAliases ? 1 : 3);
    const lost = await lookUp("lost.test", A, clientOf([server.port]), makeContext());
    assertEquals([lost.outcome, lost.error?.code], ["no-such-name", "NXDOMAIN"]);
    assertEquals(lost.chain.length, 1);
  });

  served(`a circle of aliases ${how} ends`, { zone: aliases, followAliases }, async (server) => {
    const lookup = await lookUp("one.test", A, clientOf([server.port]), makeContext());
    assertEquals(lookup.outcome, "failed");
    assert(lookup.error?.message.includes("circle: one.test -> two.test"), lookup.error?.message);
  });
}

served("a chain of aliases is bounded by dns-aliases", {
  rewrite: (answer) => {
    const name = answer.questions[0]?.name ?? "";
    const target = `x${name}`;
    const alias = { name, class: 1, ttl: 1, data: { type: "CNAME", target } as const };
    return { ...answer, responseCode: 0, answers: [alias], authorities: [] };
  },
}, async (server) => {
  const lookup = await lookUp("a.test", A, clientOf([server.port]), makeContext());
  assert(lookup.error?.message.includes("dns-aliases"), lookup.error?.message);
  assertEquals(lookup.replies.length, 17);
});

served("no such name is told from no data, with how long it may be kept", {
  zone: { "a.test": [{ type: "A", address: "192.0.2.1" }] },
}, async (server) => {
  const mx = await lookUp("a.test", typeByName("MX"), clientOf([server.port]), makeContext());
  assertEquals([mx.outcome, mx.error?.kind, mx.negativeTtl], ["no-data", "result", 60]);
  const none = await lookUp("b.test", A, clientOf([server.port]), makeContext());
  assertEquals([none.outcome, none.error?.kind, none.negativeTtl], ["no-such-name", "resolve", 60]);
});

served("a referral is not taken for no data", {
  rewrite: (answer) => ({
    ...answer,
    authoritative: false,
    responseCode: 0,
    authorities: [{ name: "test", class: 1, ttl: 1, data: { type: "NS", target: "ns.other" } }],
  }),
}, async (server) => {
  const lookup = await lookUp("a.test", A, clientOf([server.port]), makeContext());
  assertEquals(lookup.outcome, "failed");
  assert(lookup.error?.message.includes("refers to ns.other"), lookup.error?.message);
});

served("an answer that is cut over UDP is asked for over TCP", { zone, truncate: true }, async (
  server,
) => {
  const reply = await askServers("a.test", A, clientOf([server.port]), makeContext());
  assertEquals(reply.server, `tcp://127.0.0.1:${server.port}`);
  assertEquals(server.asked.map(({ transport }) => transport), ["udp", "tcp"]);
  assertEquals(reply.message.answers.length, 1);
});

served("a server that is asked over TCP alone gets no datagram", { zone }, async (server) => {
  const servers = [{ host: "127.0.0.1", port: server.port, tcpOnly: true }];
  await askServers("a.test", A, clientOf([], { servers }), makeContext());
  assertEquals(server.asked.map(({ transport }) => transport), ["tcp"]);
});

served("a server that does not know EDNS is asked without", { zone, refuseExtension: true }, async (
  server,
) => {
  const reply = await askServers("a.test", A, clientOf([server.port]), makeContext());
  assertEquals([reply.message.responseCode, reply.message.answers.length], [0, 1]);
  assertEquals(server.asked.length, 2);
});

served("a lost question is asked again", { zone, drop: 1 }, async (server) => {
  const client = clientOf([server.port], { attemptMs: 100 });
  const reply = await askServers("a.test", A, client, makeContext());
  assertEquals(reply.message.answers.length, 1);
  assertEquals(server.asked.length, 2);
});

served("datagrams that are not the answer are passed over", {
  zone,
  noise: (answer) => {
    const otherId = answer.slice();
    otherId[0] = (otherId[0] ?? 0) ^ 0xff;
    const question = answer.slice();
    question[2] = 1; // the query bit: nobody's answer
    return [new Uint8Array(), Uint8Array.of(1), otherId, question];
  },
}, async (server) => {
  const reply = await askServers("a.test", A, clientOf([server.port]), makeContext());
  assertEquals(reply.message.answers.length, 1);
  assertEquals(server.asked.length, 1);
});

served("a damaged answer is a failed attempt that says so", {
  noise: (answer) => [answer.subarray(0, answer.length - 1)],
}, async (server) => {
  const client = clientOf([server.port], { attempts: 1 });
  const error = await assertRejects(() => askServers("a.test", A, client, makeContext()), NetError);
  assertEquals(error.kind, "resolve");
  assertEquals(error.attempts[0]?.message, "a record is cut off");
});

Deno.test("an unwilling server gives way to the next one", async () => {
  await using broken = startDnsServer({ responseCode: 2 });
  await using good = startDnsServer({ zone });
  const both = await askServers("a.test", A, clientOf([broken.port, good.port]), makeContext());
  assertEquals(both.server, `udp://127.0.0.1:${good.port}`);
  const alone = await lookUp("a.test", A, clientOf([broken.port]), makeContext());
  assertEquals([alone.outcome, alone.error?.code], ["failed", "SERVFAIL"]);
  assertEquals(broken.asked.length, 2); // the refusal is an answer: not asked a second round
});

served("silence is a failure that names every attempt", { drop: 100 }, async (server) => {
  const client = clientOf([server.port], { attemptMs: 50 });
  const error = await assertRejects(() => askServers("a.test", A, client, makeContext()), NetError);
  assertEquals(error.kind, "resolve");
  assertEquals(
    error.attempts.map(({ message }) => message),
    Array(2).fill("no answer within 50 ms"),
  );
});

served("the signal ends a lookup at once", { drop: 100 }, async (server) => {
  const controller = new AbortController();
  const context = makeContext({ signal: controller.signal });
  const asked = assertRejects(() => lookUp("a.test", A, clientOf([server.port]), context), Error);
  while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  controller.abort(new Error("enough"));
  assertEquals((await asked).message, "enough");
});
