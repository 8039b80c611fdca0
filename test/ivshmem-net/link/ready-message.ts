import { expect } from "vitest";
import type { Link } from "../../../src/channel/index.js";

/** Waits of {@link expectReadyToSay} before it takes the last message for what the link has to say. */
const WAITS = 100;

/** Holds ready() of a link that does not come up to what it says is missing, once the link has found that out. */
export async function expectReadyToSay(link: Link, wanted: RegExp): Promise<void> {
  let message = "";
  for (let wait = 0; wait < WAITS && !wanted.test(message); wait++) {
    const error = await link.ready({ timeoutMs: 50 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_TIMEOUT" });
    ({ message } = error as Error);
  }
  expect(message).toMatch(wanted);
}
