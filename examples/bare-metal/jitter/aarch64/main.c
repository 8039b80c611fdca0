/* SPDX-License-Identifier: MIT */
/*
 * The jitter inmate on nothing but the CPU: a Jailhouse cell on arm64 with its own start-up and no library. It polls, as
 * the CPU is its own, and so needs no interrupt controller, and no peer has to ring it. See docs/bare-metal.md.
 */
#include "../jitter_inmate.h"
#include "cell.h"
#include "mmu.h"

/* Free for the device in the cell's address space; Jailhouse's own ivshmem demo takes it as well. */
#define REGISTERS 0xff000000u
#define REGISTERS_BYTES 0x1000u
#define PCI_BUS_BYTES 0x100000u
#define PCI_BUS_FUNCTIONS 256u
/* The shared-memory protocol of the device that the root cell's uio_ivshmem binds by itself. */
#define PROTOCOL_UNDEFINED 0u
#define NS_PER_S UINT64_C(1000000000)

extern const unsigned char _start[], stack_top[];
void inmate_main(void);

static struct intercell_ivshmem device;
static struct jitter_machine machine;
static struct jitter_inmate inmate;

/* In assembler, as the hypervisor stops the CPU for an access to a register in any other form. */
static uint32_t load(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static void store(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static uint32_t read_register(void *context, uint32_t offset)
{
	(void)context;
	return load(REGISTERS + (uint64_t)offset);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	(void)context;
	store(REGISTERS + (uint64_t)offset, value);
}

/* A cell has one bus: functions beyond it are not there, and their place may be something else. */
static uint32_t read_config(void *context, uint32_t function, uint32_t offset)
{
	(void)context;
	if (function >= PCI_BUS_FUNCTIONS)
		return 0xffffffffu;
	return load(cell_region()->pci_config + (uint64_t)function * 0x1000u + offset);
}

static void write_config(void *context, uint32_t function, uint32_t offset, uint32_t value)
{
	(void)context;
	store(cell_region()->pci_config + (uint64_t)function * 0x1000u + offset, value);
}

static uint64_t counter(void)
{
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks;
}

static uint64_t counter_ns(void *context)
{
	uint64_t frequency;
	uint64_t ticks = counter();

	(void)context;
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	return ticks / frequency * NS_PER_S + ticks % frequency * NS_PER_S / frequency;
}

static uint32_t counter_ms(void *context)
{
	return (uint32_t)(counter_ns(context) / 1000000u);
}

/* `jailhouse cell list` shows the state. */
static void give_up(uint32_t state)
{
	cell_region()->state = state;
	__asm__ volatile("dsb sy" : : : "memory");
}

static bool region_is_known(void)
{
	static const char signature[] = "JHCOMM";
	uint32_t i;

	for (i = 0; i < sizeof(signature) - 1u; i++)
		if (cell_region()->signature[i] != signature[i])
			return false;
	return cell_region()->revision == CELL_REVISION;
}

static int map_memory(void)
{
	uint64_t base = (uint64_t)(uintptr_t)_start;

	if (mmu_map(base, (uint64_t)(uintptr_t)stack_top - base, MMU_CODE) < 0 ||
	    mmu_map(CELL_REGION, CELL_REGION_BYTES, MMU_DATA) < 0)
		return INTERCELL_ENOSPC;
	mmu_enable();
	return INTERCELL_OK;
}

/* The first ivshmem device without a protocol of its own: a network between the cells is one, too. */
static int find_device(void)
{
	static const struct intercell_pci pci = { read_config, write_config, NULL };
	uint32_t function = 0;

	if (mmu_map(cell_region()->pci_config, PCI_BUS_BYTES, MMU_DEVICE) < 0 ||
	    mmu_map(REGISTERS, REGISTERS_BYTES, MMU_DEVICE) < 0)
		return INTERCELL_ENOSPC;
	do {
		if (intercell_ivshmem_find(&pci, function, &device) < 0)
			return INTERCELL_ENODEV;
		function = device.function + 1u;
	} while (device.protocol != PROTOCOL_UNDEFINED);
	intercell_ivshmem_enable(&pci, &device, REGISTERS, true);
	return INTERCELL_OK;
}

static int start(void)
{
	uint32_t id = read_register(NULL, INTERCELL_REGISTER_ID);
	uint64_t end = device.outputs + read_register(NULL, INTERCELL_REGISTER_MAX_PEERS) * device.output_size;

	if (mmu_map(device.state_table, end - device.state_table, MMU_DATA) < 0)
		return INTERCELL_ENOSPC;
	machine.platform.read_register = read_register;
	machine.platform.write_register = write_register;
	machine.platform.clock_ms = counter_ms;
	machine.now_ns = counter_ns;
	machine.state_table = (const void *)(uintptr_t)device.state_table;
	machine.output = (void *)(uintptr_t)(device.outputs + id * device.output_size);
	machine.inputs = (const void *)(uintptr_t)device.outputs;
	machine.output_bytes = (uint32_t)device.output_size;
	machine.epoch_seed = (uint32_t)counter();
	return jitter_start(&inmate, &machine);
}

void inmate_main(void)
{
	if (map_memory() < 0)
		return;
	if (!region_is_known()) {
		give_up(CELL_STATE_WRONG_REVISION);
		return;
	}
	if (find_device() < 0 || start() < 0) {
		give_up(CELL_STATE_FAILED);
		return;
	}
	for (;;)
		(void)jitter_run(&inmate);
}
