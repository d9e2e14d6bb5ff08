/**
 * Byte order: what htons(3) and its sisters give on a little-endian machine, and ports that look
 * as if one of them were missing.
 * @module
 */

/** Turns the two bytes of a 16-bit number round; network order is big-endian (RFC 1700). */
export function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

/** Turns the four bytes of a 32-bit number round. */
export function swap32(value: number): number {
  return ((value & 0xff) * 0x1000000) + (((value >>> 8) & 0xff) << 16) +
    (((value >>> 16) & 0xff) << 8) + ((value >>> 24) & 0xff);
}

/** True where the machine keeps the least byte first, as x86-64 and Linux on ARM do. */
export const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** htons(3): 16 bits, host to network order, as the number that C would see. */
export function htons(value: number): number {
  return littleEndian ? swap16(value) : value & 0xffff;
}

/** ntohs(3): 16 bits, network to host order. The same turn as `htons`; named for the reader. */
export function ntohs(value: number): number {
  return htons(value);
}

/** htonl(3): 32 bits, host to network order, unsigned. */
export function htonl(value: number): number {
  return littleEndian ? swap32(value) : value >>> 0;
}

/** ntohl(3): 32 bits, network to host order, unsigned. */
export function ntohl(value: number): number {
  return htonl(value);
}

/**
 * Ports that people choose or that services are known by. Not all of /etc/services: its 300 names
 * of the seventies would make half of all swapped numbers look "known".
 */
const chosenPorts: ReadonlySet<number> = new Set([
  ...[7, 9, 13, 19, 20, 21, 22, 23, 25, 37, 53, 67, 68, 69, 80, 88, 110, 111, 119, 123, 137, 138],
  ...[139, 143, 161, 162, 179, 194, 389, 443, 445, 465, 514, 515, 546, 547, 587, 631, 636, 853],
  ...[873, 990, 993, 995, 1025, 1080, 1194, 1234, 1433, 1521, 1723, 1883, 1900, 2049, 2181, 2222],
  ...[2375, 2376, 2379, 2380, 3128, 3268, 3306, 3389, 3478, 4321, 4433, 4443, 4789, 5001, 5004],
  ...[5060, 5061, 5201, 5222, 5353, 5432, 5601, 5672, 5683, 5900, 5901, 5984, 6379, 6443, 6667],
  ...[
    8008,
    8009,
    8080,
    8081,
    8082,
    8086,
    8088,
    8123,
    8125,
    8180,
    8181,
    8200,
    8443,
    8500,
    8883,
    8983,
  ],
  ...[9001, 9042, 9090, 9091, 9092, 9100, 9200, 9300, 9418, 9443, 10250, 11211, 12345, 25565],
  ...[27017, 31337, 51820],
]);

/** True for a port somebody would choose: a known service, a round number or one digit repeated. */
function isChosen(port: number): boolean {
  return chosenPorts.has(port) || (port >= 1000 && port % 1000 === 0) ||
    (port >= 1000 && /^(\d)\1{3,4}$/.test(String(port)));
}

/**
 * The port that was meant, where `port` looks like one with its bytes swapped (a `htons` missing
 * or done twice): 47138 is 8888. Undefined where the port is one that somebody would choose
 * itself, or where its swapped form is none.
 */
export function meantPort(port: number): number | undefined {
  const swapped = swap16(port);
  return swapped !== port && isChosen(swapped) && !isChosen(port) ? swapped : undefined;
}
