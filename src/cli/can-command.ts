import type { Command } from "commander";
import { addConvertCommand } from "./can-convert-command.js";
import { addCanSetupCommands } from "./can-setup-command.js";

/** Adds `intercell can`. */
export function addCanCommand(program: Command): void {
  const can = program.command("can").description("set up CAN interfaces, and look at what goes over them");
  addCanSetupCommands(can);
  addConvertCommand(can);
}
