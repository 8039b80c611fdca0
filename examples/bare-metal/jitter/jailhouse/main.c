/* SPDX-License-Identifier: MIT */
/*
 * The jitter inmate in a Jailhouse source tree, on Jailhouse's inmate library: see docs/bare-metal.md. For arm64, as it
 * divides 64-bit numbers.
 */
/* First, as it makes an enum of bool, true and false, which <stdbool.h> then makes macros of. */
#include <inmate.h>
#include <gic.h>

#include "../jitter_inmate.h"

/* Free for the device in the cell's address space; Jailhouse's own ivshmem demo takes it as well. */
#define REGISTERS 0xff000000u
/* The shared-memory protocol of the device that the root cell's uio_ivshmem binds by itself. */
#define PROTOCOL_UNDEFINED 0u

static struct intercell_ivshmem device;
static const void *sections;
static struct jitter_machine machine;
static struct jitter_inmate inmate;

static uint32_t read_config(void *context, uint32_t function, uint32_t offset)
{
	(void)context;
	return pci_read_config((u16)function, offset, 4);
}

static void write_config(void *context, uint32_t function, uint32_t offset, uint32_t value)
{
	(void)context;
	pci_write_config((u16)function, offset, value, 4);
}

static const struct intercell_pci pci = { read_config, write_config, NULL };

static uint32_t read_register(void *context, uint32_t offset)
{
	(void)context;
	return mmio_read32((void *)(unsigned long)(REGISTERS + offset));
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	(void)context;
	mmio_write32((void *)(unsigned long)(REGISTERS + offset), value);
}

/* Not timer_ticks_to_ns(), which divides by counting and is for short times only. */
static uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t frequency = timer_get_frequency();

	return ticks / frequency * NS_PER_SEC + ticks % frequency * NS_PER_SEC / frequency;
}

static uint64_t ns_to_ticks(uint64_t ns)
{
	return ns * timer_get_frequency() / NS_PER_SEC;
}

static uint64_t timer_ns(void *context)
{
	(void)context;
	return ticks_to_ns(timer_get_ticks());
}

static uint32_t timer_ms(void *context)
{
	return (uint32_t)(timer_ns(context) / NS_PER_MSEC);
}

/* A doorbell needs no more than to end the wait. The timer's line stays up until it is programmed anew. */
static void handle_interrupt(unsigned int irq)
{
	if (irq == TIMER_IRQ)
		timer_start(ns_to_ticks(JITTER_POLL_NS));
}

/* The first ivshmem device without a protocol of its own: a network between the cells is one, too. */
static int find_device(void)
{
	int bdf = -1;

	do {
		bdf = pci_find_device(INTERCELL_PCI_ID & 0xffffu, INTERCELL_PCI_ID >> 16, (u16)(bdf + 1));
		if (bdf < 0 || intercell_ivshmem_find(&pci, (uint32_t)bdf, &device) < 0)
			return INTERCELL_ENODEV;
		bdf = (int)device.function;
	} while (device.protocol != PROTOCOL_UNDEFINED);
	return INTERCELL_OK;
}

static void map_device(void)
{
	unsigned long shared = (unsigned long)device.state_table;
	uint32_t peers;

	intercell_ivshmem_enable(&pci, &device, REGISTERS, true);
	map_range((void *)(unsigned long)REGISTERS, PAGE_SIZE, MAP_UNCACHED);
	peers = read_register(NULL, INTERCELL_REGISTER_MAX_PEERS);
	map_range((void *)shared, (unsigned long)(device.outputs + peers * device.output_size) - shared, MAP_CACHED);
	sections = (const void *)(unsigned long)device.outputs;
	/* With INTx a device's pin is its number modulo 4, and shared peripheral interrupts begin at 32. */
	irq_enable(comm_region->vpci_irq_base + 32 + (device.function >> 3 & 3u));
}

static int start(void)
{
	uint32_t id = read_register(NULL, INTERCELL_REGISTER_ID);

	machine.platform.read_register = read_register;
	machine.platform.write_register = write_register;
	machine.platform.clock_ms = timer_ms;
	machine.now_ns = timer_ns;
	machine.state_table = (const void *)(unsigned long)device.state_table;
	machine.output = (void *)(unsigned long)(device.outputs + id * device.output_size);
	machine.inputs = sections;
	machine.output_bytes = (uint32_t)device.output_size;
	machine.epoch_seed = (uint32_t)timer_get_ticks();
	machine.interrupts = true;
	return jitter_start(&inmate, &machine);
}

void inmate_main(void)
{
	int status;

	irq_init(handle_interrupt);
	irq_enable(TIMER_IRQ);
	pci_init();
	status = find_device();
	if (status == INTERCELL_OK) {
		map_device();
		status = start();
	}
	if (status < 0) {
		printk("jitter inmate: Cannot start on an ivshmem device: error %d\n", status);
		stop();
	}
	printk("jitter inmate: peer %d of the device at %x\n", (int)read_register(NULL, INTERCELL_REGISTER_ID),
	       (unsigned int)device.function);
	for (;;) {
		uint64_t wait_ns = jitter_run(&inmate);

		/* Masked from the last look to the wait: an interrupt in between ends the wait at once. */
		disable_irqs();
		if (intercell_node_prepare_sleep(&inmate.node)) {
			timer_start(ns_to_ticks(wait_ns));
			asm volatile("wfi" : : : "memory");
		}
		enable_irqs();
		intercell_node_wake(&inmate.node);
	}
}
