/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor does when a cell touches the register page of an
 * ivshmem device, for a simulated machine whose cells are processes.
 *
 * On the real machine an access traps and the handler runs on the CPU that
 * did it; here the calling cell executes these functions on memory that
 * stands for the hypervisor's. Behaviour follows the ivshmem v2
 * specification and the ivshmem part of the Jailhouse hypervisor.
 *
 * Hypervisor page of one device, u32 little-endian:
 *
 *   0x000 magic "ICHV"     0x004 version         0x008 max_peers (1..12)
 *   0x00c vectors (0 = INTx: only vector 0; else 1..16)
 *   0x010 protocol         0x014 flags (0)       0x018..0x03f zero
 *   0x040 + 64 * i, peer i:
 *         +0x00 int_control   bit 0
 *         +0x04 present       1 while a cell is attached
 *         +0x08 delivering    0, or what peer i is in the middle of:
 *                             1 + target of a doorbell, or
 *                             SIM_HV_DELIVERING_STATE
 *         +0x0c lost          interrupts towards i that found it masked
 *         +0x10 delivered     interrupts towards i that reached it
 *         +0x14..0x3f zero
 *
 * The state table is separate memory: one u32 for each peer. Interrupts are
 * eventfds, one for each peer, as UIO has one counter for all vectors.
 *
 * One thread of a cell may be in these functions at a time; cells run them
 * concurrently.
 */
#ifndef INTERCELL_SIM_HYPERVISOR_H
#define INTERCELL_SIM_HYPERVISOR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define SIM_HV_MAGIC		0x56484349u
#define SIM_HV_VERSION		1u
#define SIM_HV_MAX_PEERS	12u
#define SIM_HV_MAX_VECTORS	16u
#define SIM_HV_PAGE_BYTES	4096u

#define SIM_HV_DELIVERING_STATE	0x100u

/* ivshmem v2 specification, "MMIO Register Region" */
#define SIM_HV_REG_ID		0x00u
#define SIM_HV_REG_MAX_PEERS	0x04u
#define SIM_HV_REG_INT_CONTROL	0x08u
#define SIM_HV_REG_DOORBELL	0x0cu
#define SIM_HV_REG_STATE	0x10u

struct sim_hv_peer {
	uint32_t int_control;
	uint32_t present;
	uint32_t delivering;
	uint32_t lost;
	uint32_t delivered;
	uint32_t reserved[11];
};

struct sim_hv {
	uint32_t magic;
	uint32_t version;
	uint32_t max_peers;
	uint32_t vectors;
	uint32_t protocol;
	uint32_t flags;
	uint32_t reserved[10];
	struct sim_hv_peer peers[SIM_HV_MAX_PEERS];
};

_Static_assert(offsetof(struct sim_hv, vectors) == 0x00c, "vectors");
_Static_assert(offsetof(struct sim_hv, flags) == 0x014, "flags");
_Static_assert(offsetof(struct sim_hv, peers) == 0x040, "peers");
_Static_assert(sizeof(struct sim_hv_peer) == 64, "peer size");
_Static_assert(offsetof(struct sim_hv_peer, delivering) == 0x08, "delivering");
_Static_assert(offsetof(struct sim_hv_peer, delivered) == 0x10, "delivered");
_Static_assert(sizeof(struct sim_hv) <= SIM_HV_PAGE_BYTES, "page");

/* Returns 0, or -EPROTO if the page was not prepared by sim_hv_initialise. */
static inline int sim_hv_check(const struct sim_hv *hv)
{
	if (__atomic_load_n(&hv->magic, __ATOMIC_ACQUIRE) != SIM_HV_MAGIC ||
	    hv->version != SIM_HV_VERSION || hv->max_peers < 1 ||
	    hv->max_peers > SIM_HV_MAX_PEERS ||
	    hv->vectors > SIM_HV_MAX_VECTORS)
		return -EPROTO;
	return 0;
}

static inline void sim_hv_initialise(struct sim_hv *hv, uint32_t max_peers,
				     uint32_t vectors, uint32_t protocol)
{
	__atomic_store_n(&hv->magic, 0, __ATOMIC_SEQ_CST);
	*hv = (struct sim_hv){
		.version = SIM_HV_VERSION,
		.max_peers = max_peers,
		.vectors = vectors,
		.protocol = protocol,
	};
	__atomic_store_n(&hv->magic, SIM_HV_MAGIC, __ATOMIC_RELEASE);
}

/* A full counter (EAGAIN) is as good as a signal: one is pending. */
static inline void sim_hv_signal(struct sim_hv_peer *target, int efd)
{
	uint64_t one = 1;
	ssize_t written;

	do {
		written = write(efd, &one, sizeof(one));
	} while (written < 0 && errno == EINTR);
	__atomic_fetch_add(&target->delivered, 1, __ATOMIC_RELAXED);
}

/*
 * One-shot: the delivery clears bit 0, and what finds it clear is lost, not
 * latched. The bit goes before the vector is looked at, so a vector that is
 * not there silences the target without interrupting it.
 */
static inline void sim_hv_deliver(struct sim_hv *hv, uint32_t target,
				  uint32_t vector, const int *efds)
{
	struct sim_hv_peer *peer = &hv->peers[target];

	if (!__atomic_load_n(&peer->present, __ATOMIC_ACQUIRE))
		return;
	if (!__atomic_exchange_n(&peer->int_control, 0, __ATOMIC_SEQ_CST)) {
		__atomic_fetch_add(&peer->lost, 1, __ATOMIC_RELAXED);
		return;
	}
	if (vector >= (hv->vectors ? hv->vectors : 1))
		return;
	sim_hv_signal(peer, efds[target]);
}

/* value is vector | target << 16; an unknown target is ignored. */
static inline void sim_hv_doorbell(struct sim_hv *hv, uint32_t self,
				   uint32_t value, const int *efds)
{
	uint32_t *delivering = &hv->peers[self].delivering;
	uint32_t vector = value & 0xffff;
	uint32_t target = value >> 16;

	if (target >= hv->max_peers)
		return;
	__atomic_store_n(delivering, 1 + target, __ATOMIC_SEQ_CST);
	sim_hv_deliver(hv, target, vector, efds);
	__atomic_store_n(delivering, 0, __ATOMIC_SEQ_CST);
}

/* Every other peer is interrupted, with vector 0, if the value changes. */
static inline void sim_hv_write_state(struct sim_hv *hv, uint32_t *state,
				      uint32_t self, uint32_t value,
				      const int *efds)
{
	uint32_t *delivering = &hv->peers[self].delivering;
	uint32_t target;

	__atomic_store_n(delivering, SIM_HV_DELIVERING_STATE, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&state[self], value, __ATOMIC_SEQ_CST) != value)
		for (target = 0; target < hv->max_peers; target++)
			if (target != self)
				sim_hv_deliver(hv, target, 0, efds);
	__atomic_store_n(delivering, 0, __ATOMIC_SEQ_CST);
}

/* Offsets without a register read as 0, as does Doorbell. */
static inline uint32_t sim_hv_read(const struct sim_hv *hv,
				   const uint32_t *state, uint32_t self,
				   uint32_t offset)
{
	switch (offset) {
	case SIM_HV_REG_ID:
		return self;
	case SIM_HV_REG_MAX_PEERS:
		return hv->max_peers;
	case SIM_HV_REG_INT_CONTROL:
		return __atomic_load_n(&hv->peers[self].int_control,
				       __ATOMIC_SEQ_CST);
	case SIM_HV_REG_STATE:
		return __atomic_load_n(&state[self], __ATOMIC_SEQ_CST);
	default:
		return 0;
	}
}

/*
 * A cell that the broker has detached is as good as stopped: what it still
 * writes has no effect.
 */
static inline void sim_hv_write(struct sim_hv *hv, uint32_t *state,
				uint32_t self, uint32_t offset, uint32_t value,
				const int *efds)
{
	struct sim_hv_peer *own = &hv->peers[self];

	if (!__atomic_load_n(&own->present, __ATOMIC_ACQUIRE))
		return;
	switch (offset) {
	case SIM_HV_REG_INT_CONTROL:
		__atomic_store_n(&own->int_control, value & 1,
				 __ATOMIC_SEQ_CST);
		break;
	case SIM_HV_REG_DOORBELL:
		sim_hv_doorbell(hv, self, value, efds);
		break;
	case SIM_HV_REG_STATE:
		sim_hv_write_state(hv, state, self, value, efds);
		break;
	}
}

/*
 * Completes what a killed cell was in the middle of. How far it came cannot
 * be told, so the targets are signalled in any case: an interrupt too many
 * is harmless, one too few is a hang.
 */
static inline void sim_hv_finish(struct sim_hv *hv, uint32_t self,
				 const int *efds)
{
	struct sim_hv_peer *own = &hv->peers[self];
	uint32_t mark = __atomic_load_n(&own->delivering, __ATOMIC_SEQ_CST);
	uint32_t target;

	for (target = 0; mark && target < hv->max_peers; target++) {
		struct sim_hv_peer *peer = &hv->peers[target];

		if (mark != SIM_HV_DELIVERING_STATE && mark != 1 + target)
			continue;
		if (!__atomic_load_n(&peer->present, __ATOMIC_ACQUIRE))
			continue;
		__atomic_store_n(&peer->int_control, 0, __ATOMIC_SEQ_CST);
		sim_hv_signal(peer, efds[target]);
	}
	__atomic_store_n(&own->delivering, 0, __ATOMIC_SEQ_CST);
}

/*
 * Plugs a cell in, masked; what was signalled before is not pending. The
 * eventfd must not block. Returns 0, or -EBUSY if the peer is attached.
 */
static inline int sim_hv_attach(struct sim_hv *hv, uint32_t self,
				const int *efds)
{
	struct sim_hv_peer *own = &hv->peers[self];
	uint64_t stale;

	if (__atomic_load_n(&own->present, __ATOMIC_ACQUIRE))
		return -EBUSY;
	__atomic_store_n(&own->delivering, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&own->int_control, 0, __ATOMIC_SEQ_CST);
	while (read(efds[self], &stale, sizeof(stale)) > 0)
		;
	__atomic_store_n(&own->present, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Unplugs a cell. A crashed cell keeps its state until someone cleans up. */
static inline void sim_hv_detach(struct sim_hv *hv, uint32_t *state,
				 uint32_t self, bool keep_state,
				 const int *efds)
{
	struct sim_hv_peer *own = &hv->peers[self];

	__atomic_store_n(&own->present, 0, __ATOMIC_SEQ_CST);
	sim_hv_finish(hv, self, efds);
	__atomic_store_n(&own->int_control, 0, __ATOMIC_SEQ_CST);
	if (!keep_state)
		sim_hv_write_state(hv, state, self, 0, efds);
}

#endif
