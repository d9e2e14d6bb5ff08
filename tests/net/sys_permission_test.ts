/** What the room does where the user has not permitted FFI or the kernel's files. */

import { assertEquals } from "@std/assert";

const room = new URL("../../lib/sys/", import.meta.url).href;

async function run(permissions: readonly string[], body: string): Promise<string[]> {
  const files = ["descriptor", "credentials", "limits", "owner", "socket", "procnet", "umask"];
  const imports = files.map((file) => `import * as ${file} from "${room}${file}.ts";`).join("\n");
  const program = `${imports}
    const say = (call) => {
      try { console.log(JSON.stringify(call() ?? null)); } catch (e) { console.log(e.message); }
    };
    ${body}`;
  const script = `data:application/javascript,${encodeURIComponent(program)}`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "--no-prompt", ...permissions, script],
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("without any permission the room loads, and says null or unavailable", async () => {
  const lines = await run(
    [],
    `
    const name = new Uint8Array(16); name[0] = 2;
    say(() => descriptor.findDescriptor(name, null));
    say(() => new credentials.UnixPeers("local", name).next());
    say(() => limits.descriptorLimits());
    say(() => limits.openDescriptors());
    say(() => limits.maximumBacklog());
    say(() => owner.ownerOfInode(5));
    say(() => procnet.readNetTable("tcp"));
    say(() => descriptor.resetOnClose(3));
    say(() => socket.NativeSocket.open({ family: 2, type: 1 }));
  `,
  );
  const refusal = "libc: FFI is not permitted; run with --allow-ffi";
  assertEquals(lines, [...Array(7).fill("null"), refusal, refusal]);
});

Deno.test("without the kernel's files, FFI alone finds descriptors and limits", async () => {
  const lines = await run(
    ["--allow-ffi", "--allow-net"],
    `
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const name = Uint8Array.of(2, 0, port >> 8, port & 255, 127, 0, 0, 1);
    say(() => descriptor.findDescriptor(name, null) > 2);
    say(() => limits.descriptorLimits().soft > 0);
    say(() => limits.openDescriptors());
    listener.close();
  `,
  );
  assertEquals(lines, ["true", "true", "null"]);
});
