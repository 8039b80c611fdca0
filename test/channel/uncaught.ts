import { turns } from "./until.js";

/** Gives what reached the process as uncaught exceptions while `action` ran and for some turns after it. */
export async function uncaughtDuring(action: () => Promise<void> | void): Promise<unknown[]> {
  const others = process.listeners("uncaughtException");
  const uncaught: unknown[] = [];
  const listener = (error: unknown): void => {
    uncaught.push(error);
  };
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", listener);
  try {
    await action();
    await turns();
  } finally {
    process.off("uncaughtException", listener);
    for (const other of others) process.on("uncaughtException", other);
  }
  return uncaught;
}
