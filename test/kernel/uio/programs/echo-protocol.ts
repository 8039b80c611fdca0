import { defineProtocol } from "../../../../src/channel/index.js";
import { struct, u32 } from "../../../../src/schema/index.js";

const Value = struct("Value", { value: u32 });

/** One request with one number each way, and a message beside it. */
export const echoProtocol = defineProtocol("echo", {
  messages: { note: Value },
  requests: { echo: { request: Value, reply: Value } },
});
