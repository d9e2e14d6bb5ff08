/** placeholder until the pool is there */
import type { MakeServer } from "./running.ts";
export function poolServer(_m: unknown, _t: unknown, _o: unknown): MakeServer {
  throw new Error("pool");
}
