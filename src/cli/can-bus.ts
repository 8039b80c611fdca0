import type { CanBus, SocketCanOptions } from "../can/index.js";

const VIRTUAL = "virtual:";

/** Opens the interface of that name, or with `virtual:` before it the bus without a kernel. */
export async function openCanBus(name: string, options: SocketCanOptions = {}): Promise<CanBus> {
  const { openSocketCan, openVirtualCan } = await import("../can/index.js");
  if (!name.startsWith(VIRTUAL)) return await openSocketCan(name, options);
  const { filters, joinFilters, errorMask } = options;
  return await openVirtualCan(name.slice(VIRTUAL.length), {
    ...(filters && { filters }),
    ...(joinFilters !== undefined && { joinFilters }),
    ...(errorMask !== undefined && { errorMask }),
  });
}
