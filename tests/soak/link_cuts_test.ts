import "../support/libc.ts";
import { registerCutTest } from "../support/link_cuts.ts";

registerCutTest(500e6, 10);
registerCutTest(100e6, 200);
