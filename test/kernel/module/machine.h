/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine whose cells are processes of one kernel: what a hypervisor keeps
 * of one ivshmem link. Behaviour follows the ivshmem v2 specification and the
 * ivshmem part of the Jailhouse hypervisor.
 */
#ifndef INTERCELL_UIO_TEST_MACHINE_H
#define INTERCELL_UIO_TEST_MACHINE_H

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uio_driver.h>

/* Limits of Jailhouse and of the specification */
#define MOST_PEERS		12
#define MOST_VECTORS		16

/* ivshmem v2 specification, "MMIO Register Region" */
#define REG_ID			0x00
#define REG_MAX_PEERS		0x04
#define REG_INT_CONTROL		0x08
#define REG_DOORBELL		0x0c
#define REG_STATE		0x10

#define CONFIG_BYTES		256

struct machine;

struct peer {
	struct machine *machine;
	unsigned int id;
	struct device dev;
	struct completion released;
	struct uio_info info;
	char name[40];
	u8 config[CONFIG_BYTES];
	/* From here on under the machine's lock. */
	bool bound;
	u32 int_control;
	/* Interrupts towards this peer that reached it, or found it masked. */
	u64 delivered;
	u64 lost;
	/* So many doorbells and state changes to come are lost on purpose. */
	u32 lose;
};

struct machine_geometry {
	unsigned int peers;
	/* 0 for INTx, which has vector 0 only */
	unsigned int vectors;
	unsigned int protocol;
	size_t rw_bytes;
	size_t output_bytes;
};

struct machine {
	struct machine_geometry geometry;
	unsigned int number;
	spinlock_t lock;
	/* State table, R/W section, output sections, one behind the other. */
	void *block;
	size_t block_bytes;
	struct peer peers[MOST_PEERS];
};

struct machine *machine_create(unsigned int number,
			       const struct machine_geometry *geometry);
void machine_free(struct machine *machine);

phys_addr_t machine_state_table(const struct machine *machine);
phys_addr_t machine_rw_section(const struct machine *machine);
phys_addr_t machine_output_section(const struct machine *machine,
				   unsigned int peer);

/* False if the peer has no driver, so that its registers are not there. */
bool peer_read(struct peer *peer, u32 offset, u32 *value);
bool peer_write(struct peer *peer, u32 offset, u32 value);
void peer_plug(struct peer *peer);
void peer_unplug(struct peer *peer);

/* Fills peer->config. */
void peer_write_config(struct peer *peer);

#endif
