import type { Command } from "commander";
import { addConvertCommand } from "./can-convert-command.js";
import { addReplayCommand } from "./can-replay-command.js";
import { addCanSetupCommands } from "./can-setup-command.js";
import { addTrafficCommands } from "./can-traffic-command.js";

/** Adds `intercell can`. */
export function addCanCommand(program: Command): void {
  const can = program.command("can").description("set up CAN interfaces, look at what goes over them, and send");
  addCanSetupCommands(can);
  addTrafficCommands(can);
  addReplayCommand(can);
  addConvertCommand(can);
}
