// SPDX-License-Identifier: GPL-2.0-only
#include "machine.h"

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

static u32 *state_words(struct machine *machine)
{
	return machine->block;
}

/*
 * One-shot: the delivery clears bit 0, and what finds it clear is lost, not
 * latched. The bit goes before the vector is looked at, so a vector that is
 * not there silences the target without interrupting it.
 */
static void deliver(struct peer *target, u32 vector)
{
	const struct machine_geometry *geometry = &target->machine->geometry;

	if (!target->bound)
		return;
	if (target->lose) {
		target->lose--;
		target->lost++;
		return;
	}
	if (!target->int_control) {
		target->lost++;
		return;
	}
	target->int_control = 0;
	if (vector >= max(geometry->vectors, 1u))
		return;
	target->delivered++;
	uio_event_notify(&target->info);
}

static void ring(struct machine *machine, u32 value)
{
	u32 target = value >> 16;

	if (target < machine->geometry.peers)
		deliver(&machine->peers[target], value & 0xffff);
}

/* Every other peer is interrupted, with vector 0, if the value changes. */
static void write_state(struct peer *peer, u32 value)
{
	struct machine *machine = peer->machine;
	u32 *word = &state_words(machine)[peer->id];
	unsigned int other;

	if (READ_ONCE(*word) == value)
		return;
	smp_store_mb(*word, value);
	for (other = 0; other < machine->geometry.peers; other++)
		if (other != peer->id)
			deliver(&machine->peers[other], 0);
}

/* Offsets without a register read as 0, as does Doorbell. */
static u32 read_register(struct peer *peer, u32 offset)
{
	switch (offset) {
	case REG_ID:
		return peer->id;
	case REG_MAX_PEERS:
		return peer->machine->geometry.peers;
	case REG_INT_CONTROL:
		return peer->int_control;
	case REG_STATE:
		return READ_ONCE(state_words(peer->machine)[peer->id]);
	default:
		return 0;
	}
}

static void write_register(struct peer *peer, u32 offset, u32 value)
{
	switch (offset) {
	case REG_INT_CONTROL:
		peer->int_control = value & 1;
		break;
	case REG_DOORBELL:
		ring(peer->machine, value);
		break;
	case REG_STATE:
		write_state(peer, value);
		break;
	}
}

bool peer_read(struct peer *peer, u32 offset, u32 *value)
{
	unsigned long flags;
	bool bound;

	spin_lock_irqsave(&peer->machine->lock, flags);
	bound = peer->bound;
	*value = read_register(peer, offset);
	spin_unlock_irqrestore(&peer->machine->lock, flags);
	return bound;
}

bool peer_write(struct peer *peer, u32 offset, u32 value)
{
	unsigned long flags;
	bool bound;

	spin_lock_irqsave(&peer->machine->lock, flags);
	bound = peer->bound;
	if (bound)
		write_register(peer, offset, value);
	spin_unlock_irqrestore(&peer->machine->lock, flags);
	return bound;
}

void peer_plug(struct peer *peer)
{
	unsigned long flags;

	spin_lock_irqsave(&peer->machine->lock, flags);
	peer->bound = true;
	peer->int_control = 0;
	peer->lose = 0;
	spin_unlock_irqrestore(&peer->machine->lock, flags);
}

/* The UIO device may go once this returns: nothing notifies it any more. */
void peer_unplug(struct peer *peer)
{
	unsigned long flags;

	spin_lock_irqsave(&peer->machine->lock, flags);
	peer->bound = false;
	write_state(peer, 0);
	spin_unlock_irqrestore(&peer->machine->lock, flags);
}

phys_addr_t machine_state_table(const struct machine *machine)
{
	return virt_to_phys(machine->block);
}

phys_addr_t machine_rw_section(const struct machine *machine)
{
	return machine_state_table(machine) + PAGE_SIZE;
}

phys_addr_t machine_output_section(const struct machine *machine,
				   unsigned int peer)
{
	const struct machine_geometry *geometry = &machine->geometry;

	return machine_rw_section(machine) + geometry->rw_bytes +
	       peer * geometry->output_bytes;
}

struct machine *machine_create(unsigned int number,
			       const struct machine_geometry *geometry)
{
	struct machine *machine;
	unsigned int id;

	if (geometry->peers < 2 || geometry->peers > MOST_PEERS ||
	    geometry->vectors > MOST_VECTORS || geometry->protocol > 0xffff ||
	    !PAGE_ALIGNED(geometry->rw_bytes) ||
	    !PAGE_ALIGNED(geometry->output_bytes))
		return ERR_PTR(-EINVAL);
	machine = kzalloc(sizeof(*machine), GFP_KERNEL);
	if (!machine)
		return ERR_PTR(-ENOMEM);
	machine->number = number;
	machine->geometry = *geometry;
	spin_lock_init(&machine->lock);
	machine->block_bytes = PAGE_SIZE + geometry->rw_bytes +
			       geometry->peers * geometry->output_bytes;
	machine->block = alloc_pages_exact(machine->block_bytes,
					   GFP_KERNEL | __GFP_ZERO);
	if (!machine->block) {
		kfree(machine);
		return ERR_PTR(-ENOMEM);
	}
	for (id = 0; id < geometry->peers; id++) {
		machine->peers[id].machine = machine;
		machine->peers[id].id = id;
		peer_write_config(&machine->peers[id]);
	}
	return machine;
}

void machine_free(struct machine *machine)
{
	free_pages_exact(machine->block, machine->block_bytes);
	kfree(machine);
}
