/**
 * Service names that stand for ports, from IANA's registry (RFC 6335). Built in: what `http` means
 * must not depend on the /etc/services of the machine, which small images do not even have.
 * @module
 */

const services: Readonly<Record<string, number>> = {
  tcpmux: 1,
  echo: 7,
  discard: 9,
  systat: 11,
  daytime: 13,
  qotd: 17,
  chargen: 19,
  "ftp-data": 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  whois: 43,
  tacacs: 49,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  gopher: 70,
  finger: 79,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  ident: 113,
  nntp: 119,
  ntp: 123,
  imap: 143,
  snmp: 161,
  snmptrap: 162,
  bgp: 179,
  irc: 194,
  ldap: 389,
  https: 443,
  "microsoft-ds": 445,
  submissions: 465,
  isakmp: 500,
  syslog: 514,
  printer: 515,
  submission: 587,
  ipp: 631,
  ldaps: 636,
  "domain-s": 853,
  rsync: 873,
  ftps: 990,
  imaps: 993,
  pop3s: 995,
  socks: 1080,
  openvpn: 1194,
  "ms-sql-s": 1433,
  radius: 1812,
  "radius-acct": 1813,
  mqtt: 1883,
  nfs: 2049,
  mysql: 3306,
  stun: 3478,
  svn: 3690,
  iscsi: 3260,
  sip: 5060,
  sips: 5061,
  "xmpp-client": 5222,
  mdns: 5353,
  postgresql: 5432,
  amqp: 5672,
  coap: 5683,
  redis: 6379,
  "syslog-tls": 6514,
  "secure-mqtt": 8883,
};

/** The port that a service name (any case) stands for, or undefined. */
export function servicePort(name: string): number | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(services, key) ? services[key] : undefined;
}

/** Every name, for "did you mean". */
export const serviceNames: readonly string[] = Object.keys(services);

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(services).map(([name, port]) => [port, name]),
);

/** The service name of a port, or undefined. */
export function serviceName(port: number): string | undefined {
  return names.get(port);
}
