import { expect, test } from "vitest";
import { jitterProtocol } from "../../src/cli/jitter-protocol.js";

test("jitterProtocol is the same for plain Node when it is loaded from dist", async () => {
  const path = new URL("../../dist/cli/jitter-protocol.js", import.meta.url).href;
  const built = (await import(/* @vite-ignore */ path)) as { jitterProtocol: typeof jitterProtocol };
  expect(built.jitterProtocol.description).toBe(jitterProtocol.description);
});
