import { applyBinding, type PlanBindingOptions, planBinding } from "../uio/index.js";

/** Prints the writes that give a device to `uio_ivshmem`, as a shell would do them, and does them if `apply` is set. */
export function bindUio(address: string, options: PlanBindingOptions, apply: boolean): string {
  const plan = planBinding(address, options);
  if (plan.steps.length === 0) return `${plan.address} is bound to uio_ivshmem already.\n`;
  const lines = plan.steps.map(({ path, value, purpose }) => `# ${purpose}\necho ${JSON.stringify(value)} > ${path}\n`);
  if (!apply) return [...lines, "Nothing was written; add --apply to write it.\n"].join("");
  applyBinding(plan);
  return [...lines, `${plan.address} is bound to uio_ivshmem.\n`].join("");
}
