/** 100,000 forged source ports against one UDP server. */

import { networkTest } from "../support/namespaces.ts";
import { floodServer } from "../support/udp_flood.ts";

networkTest("100,000 forged ports leave sessions at their bound, and nothing behind", async () => {
  await floodServer(100_000);
});
