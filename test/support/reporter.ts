import { appendFileSync } from "node:fs";
import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule, TestRunEndReason, TestSuite } from "vitest/node";
import { readSeed } from "./seed.js";
import { isAllowedInCi } from "./skip.js";

/** Tests that ran and did not; a file that could not be loaded and an error outside any test count as failed. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints the seed, every skipped test with its reason, and the counts. With `CI=true` a skip whose reason is not on the
 * allow-list fails the run. `INTERCELL_COUNTS` names a file to which `passed failed skipped` is appended, and after that
 * a line `# file > test: message` for each test that failed.
 */
export class RunReporter implements Reporter {
  onInit(): void {
    console.log(`INTERCELL_SEED=${readSeed()}`);
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((each) => each.result().state === "skipped");
    const failedFiles = modules.filter((module) => module.errors().length > 0).length;
    const counts: Counts = {
      passed: tests.filter((each) => each.result().state === "passed").length,
      failed: tests.filter((each) => each.result().state === "failed").length + failedFiles + unhandledErrors.length,
      skipped: skipped.length,
    };
    // A filtered run (-t) leaves out tests on purpose, so their absence says nothing.
    if (!process.argv.some((argument) => /^(-t|--testNamePattern)/.test(argument))) {
      reportSkips(skipped);
    }
    if (reason === "interrupted") {
      counts.failed += 1;
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    const file = process.env["INTERCELL_COUNTS"];
    if (file !== undefined && file !== "") {
      appendFileSync(file, `${counts.passed} ${counts.failed} ${counts.skipped}\n${failureLines(tests)}`);
    }
  }
}

function failureLines(tests: readonly TestCase[]): string {
  return tests
    .flatMap((each) => {
      const result = each.result();
      if (result.state !== "failed") {
        return [];
      }
      const message = result.errors[0]?.message.split("\n", 1)[0] ?? "no error given";
      return [`# ${each.module.relativeModuleId} > ${each.fullName}: ${message}\n`];
    })
    .join("");
}

function reportSkips(skipped: readonly TestCase[]): void {
  const isCi = process.env["CI"] === "true";
  for (const each of skipped) {
    const reason = skipReason(each);
    console.log(`Skipped: ${each.module.relativeModuleId} > ${each.fullName}: ${reason ?? "no reason given"}`);
    if (isCi && !isAllowedInCi(reason)) {
      console.error("Cannot accept this skip with CI=true: install what it wants, or list its reason in Absence");
      process.exitCode = 1;
    }
  }
}

/** The reason given for the test itself or for the nearest suite around it. */
function skipReason(skipped: TestCase): string | undefined {
  const result = skipped.result();
  if (result.state === "skipped" && result.note !== undefined) {
    return result.note;
  }
  let task: TestCase | TestSuite | TestModule = skipped;
  while (task.type !== "module") {
    const { skipReason: reason } = task.meta();
    if (reason !== undefined) {
      return reason;
    }
    task = task.parent;
  }
  return undefined;
}
