import type { Command } from "commander";

interface LintOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
}

/** Adds `intercell dbc lint`. */
export function addDbcCommand(program: Command): void {
  const dbc = program.command("dbc").description("look at descriptions of CAN messages");
  dbc
    .command("lint")
    .description("tell what is wrong with DBC files, with line numbers; fails if there is an error")
    .argument("<file...>", "paths of the files")
    .option("--json", "print JSON")
    .option("--strict", "fail if there is a warning, too")
    .action(async (files: string[], { json = false, strict = false }: LintOptions) => {
      const { lintDbcFiles } = await import("./dbc-lint.js");
      await lintDbcFiles(files, json, strict);
    });
}
