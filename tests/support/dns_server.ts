/**
 * A name server for tests, UDP and TCP on one free loopback port, over plumb's own codec (dig
 * cross-checks it). What is asked is recorded; manners can be turned bad.
 * @module
 */

import {
  decodeDns,
  type DnsMessage,
  type DnsQuestion,
  encodeDns,
  internetClass,
} from "../../lib/wire/dns.ts";
import { foldedName } from "../../lib/wire/dns_name.ts";
import { type DnsData, type DnsRecord, dnsTypes, typeNumber } from "../../lib/wire/dns_record.ts";

/** How the server behaves. */
export interface DnsServerManners {
  /** Name -> data, all with a TTL of 300 s. */
  readonly zone?: Readonly<Record<string, readonly DnsData[]>>;
  /** Answers with this code whatever is asked. */
  readonly responseCode?: number;
  /** UDP answers are cut: only TCP gives records. */
  readonly truncate?: boolean;
  /** Says FORMERR to questions with EDNS. */
  readonly refuseExtension?: boolean;
  /** How many UDP questions are not answered at all. */
  readonly drop?: number;
  /** Sent before each UDP answer, made from it. */
  readonly noise?: (answer: Uint8Array) => readonly Uint8Array[];
  /** Replaces the answer. */
  readonly rewrite?: (answer: DnsMessage) => DnsMessage;
  /** Follows aliases within one answer, as a resolver does. */
  readonly followAliases?: boolean;
}

/** A running server. */
export interface TestDnsServer extends AsyncDisposable {
  readonly port: number;
  readonly asked: { readonly question: DnsQuestion; readonly transport: "udp" | "tcp" }[];
}

/** Starts one. */
export function startDnsServer(manners: DnsServerManners): TestDnsServer {
  const { udp, tcp } = bindBoth();
  const asked: TestDnsServer["asked"] = [];
  let left = manners.drop ?? 0;
  const udpLoop = async () => {
    for await (const [data, peer] of udp) {
      const query = decodeDns(data, 100);
      note(asked, query, "udp");
      if (left-- > 0) continue;
      const message = answerTo(query, manners);
      const cut = manners.truncate ? { ...message, truncated: true, answers: [] } : message;
      const answer = encodeDns(cut);
      for (const noise of manners.noise?.(answer) ?? []) await udp.send(noise, peer);
      await udp.send(answer, peer);
    }
  };
  const tcpLoop = async () => {
    for await (const connection of tcp) {
      using open = connection;
      const question = await readFramed(open);
      if (question === null) continue;
      const query = decodeDns(question, 100);
      note(asked, query, "tcp");
      const answer = encodeDns(answerTo(query, manners));
      await open.write(Uint8Array.of(answer.length >> 8, answer.length & 0xff, ...answer));
    }
  };
  const loops = Promise.all([udpLoop(), tcpLoop()]);
  return {
    port: (tcp.addr as Deno.NetAddr).port,
    asked,
    async [Symbol.asyncDispose]() {
      udp.close();
      tcp.close();
      await loops;
    },
  };
}

/** One port number that is free for both protocols. */
function bindBoth(): { udp: Deno.DatagramConn; tcp: Deno.TcpListener } {
  for (let attempt = 0;; attempt++) {
    const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const { port } = tcp.addr as Deno.NetAddr;
      return {
        tcp,
        udp: Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port }),
      };
    } catch (thrown) {
      tcp.close();
      if (attempt > 20) throw thrown;
    }
  }
}

function note(asked: TestDnsServer["asked"], query: DnsMessage, transport: "udp" | "tcp"): void {
  const question = query.questions[0];
  if (question !== undefined) asked.push({ question, transport });
}

async function readFramed(connection: Deno.Conn): Promise<Uint8Array | null> {
  const received: number[] = [];
  const buffer = new Uint8Array(4096);
  while (
    received.length < 2 || received.length < 2 + (received[0] ?? 0) * 256 + (received[1] ?? 0)
  ) {
    const count = await connection.read(buffer);
    if (count === null) return null;
    received.push(...buffer.subarray(0, count));
  }
  return Uint8Array.from(received.slice(2));
}

const soa: DnsData = {
  type: "SOA",
  primary: "ns.test",
  mailbox: "admin.test",
  serial: 1,
  refresh: 2,
  retry: 3,
  expire: 4,
  minimum: 60,
};

function answerTo(query: DnsMessage, manners: DnsServerManners): DnsMessage {
  const [question] = query.questions;
  const base: DnsMessage = { ...query, response: true, authoritative: true, authorities: [] };
  if (question === undefined) return { ...base, responseCode: 1 };
  if (manners.refuseExtension && query.extension !== null) {
    return { ...base, responseCode: 1, extension: null };
  }
  if (manners.responseCode !== undefined) return { ...base, responseCode: manners.responseCode };
  const { answers, exists } = recordsFor(question, manners);
  const found = answers.some(({ data }) => typeNumber(data) === question.type);
  const negative = record("test", soa);
  const message: DnsMessage = {
    ...base,
    answers,
    responseCode: exists ? 0 : 3,
    authorities: found || (answers.length > 0 && !manners.followAliases) ? [] : [negative],
  };
  return manners.rewrite?.(message) ?? message;
}

function recordsFor(
  question: DnsQuestion,
  manners: DnsServerManners,
): { answers: DnsRecord[]; exists: boolean } {
  const answers: DnsRecord[] = [];
  let name = question.name;
  for (let hops = 0; hops < 50; hops++) {
    const entry = manners.zone?.[foldedName(name)];
    if (entry === undefined) {
      return { answers, exists: answers.length > 0 && !manners.followAliases };
    }
    const own = entry.filter((data) => typeNumber(data) === question.type);
    answers.push(...own.map((data) => record(name, data)));
    const alias = entry.find((data) => data.type === "CNAME");
    if (own.length > 0 || alias?.type !== "CNAME") return { answers, exists: true };
    answers.push(record(name, alias));
    if (!manners.followAliases) return { answers, exists: true };
    name = alias.target;
  }
  return { answers, exists: true };
}

function record(name: string, data: DnsData): DnsRecord {
  return { name, class: internetClass, ttl: 300, data };
}

/** One record of every kind that plumb reads, for tests of codec and commands. */
export const everyKind: readonly DnsData[] = [
  { type: "A", address: "192.0.2.7" },
  { type: "AAAA", address: "2001:db8::7" },
  { type: "NS", target: "ns.test" },
  { type: "MX", preference: 10, exchange: "mail.test" },
  soa,
  { type: "PTR", target: "host.test" },
  { type: "TXT", texts: ["v=spf1 -all", 'quote " back \\ and \xc3\xa9'] },
  { type: "SRV", priority: 1, weight: 2, port: 8080, target: "srv.test" },
  { type: "CAA", flags: 0, tag: "issue", value: "ca.test" },
  {
    type: "NAPTR",
    order: 100,
    preference: 10,
    flags: "S",
    services: "SIP+D2U",
    regexp: "",
    replacement: "_sip._udp.test",
  },
];

/** Names of the kinds, as `--type` takes them. */
export const kindNames: readonly string[] = Object.keys(dnsTypes).filter((name) => name !== "OPT");
