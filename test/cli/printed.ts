import { vi } from "vitest";
import { createProgram } from "../../src/cli/program.js";

/** Runs a command of `intercell` within this process, and gives what it prints. */
export async function printed(...parameters: readonly string[]): Promise<string> {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((part) => {
    text += String(part);
    return true;
  });
  const complain = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    await createProgram().parseAsync(["node", "intercell", ...parameters]);
    return text;
  } finally {
    write.mockRestore();
    complain.mockRestore();
  }
}
