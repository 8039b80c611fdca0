import { afterEach, describe, expect, test, vi } from "vitest";
import { openSim } from "../../src/sim/index.js";

afterEach(() => vi.unstubAllEnvs());

describe("openSim()", () => {
  test.each(["one", "-1", "1.5", " 1"])(
    "names the variable and what it holds when INTERCELL_PEER is %o",
    async (text) => {
      vi.stubEnv("INTERCELL_SIM", "nowhere");
      vi.stubEnv("INTERCELL_PEER", text);
      await expect(openSim()).rejects.toThrow(
        `INTERCELL_PEER: wanted a peer id, such as 1, found ${JSON.stringify(text)}`,
      );
    },
  );

  test("says how to start a machine when there is none of the name", async () => {
    const code = "ERR_NOT_FOUND";
    const message = expect.stringContaining("intercell sim --name nowhere");
    await expect(openSim({ machine: "nowhere", peer: 0 })).rejects.toMatchObject({ code, message });
  });
});
