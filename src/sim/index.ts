export type { CellInfo, CellState } from "./cell.js";
export type { CellProgram } from "./cell-process.js";
export type { WaitOptions } from "./client.js";
export type { CellReference, DeviceInspection } from "./control.js";
export { type OpenSimOptions, openSim } from "./device.js";
export { type DeviceReference, netDevice, type SimCellOptions, type SimDeviceOptions } from "./geometry.js";
export type { PeerInspection } from "./hypervisor.js";
export { type Machine, type MachineDeviceOptions, type MachineOptions, startMachine } from "./machine.js";
export { listMachines, MachineEnvironment } from "./names.js";
