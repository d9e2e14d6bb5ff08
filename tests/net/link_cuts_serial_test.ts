import "../support/libc.ts";
import { registerCutTest } from "../support/link_cuts.ts";

registerCutTest(100e6, 10);
