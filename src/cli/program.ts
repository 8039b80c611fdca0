import { Command } from "commander";
import { addBridgeCommand } from "./bridge-command.js";
import { addCanCommand } from "./can-command.js";
import { addDbcCommand } from "./dbc-command.js";
import { addDemoCommand } from "./demo-command.js";
import { addGenCommand } from "./gen-command.js";
import { addNetCommand } from "./net-command.js";
import { packageVersion } from "./package-root.js";
import { addSimCommand } from "./sim-command.js";
import { addUioCommand } from "./uio-command.js";

/** The `intercell` command. Each subcommand loads what it needs when it runs. */
export function createProgram(): Command {
  const program = new Command("intercell")
    .description("Typed channels between the cells of a Jailhouse machine")
    .version(packageVersion(), "-V, --version")
    // Inherited by the subcommands, which are added after it.
    .exitOverride()
    // What is wrong with a command line is said as everything else is.
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "intercell: ")) });
  addBridgeCommand(program);
  addCanCommand(program);
  addDbcCommand(program);
  addDemoCommand(program);
  addGenCommand(program);
  addNetCommand(program);
  addSimCommand(program);
  addUioCommand(program);
  return program;
}
