import { defineProtocol } from "../../../src/channel/index.js";
import { struct, text, u32 } from "../../../src/schema/index.js";

const Text = struct("Text", { text: text(32) });

export const Echo = defineProtocol("echo", {
  messages: { numbered: struct("Numbered", { number: u32 }) },
  requests: { twice: { request: Text, reply: Text } },
});
