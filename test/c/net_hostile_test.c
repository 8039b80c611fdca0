/* SPDX-License-Identifier: MIT */
/*
 * A peer of ivshmem-net that breaks every rule, and one that rewrites its section between any two accesses. The second runs
 * for FUZZ_SECONDS if that is set; INTERCELL_SEED chooses what it does.
 */
static void between_accesses(void);

#define INTERCELL_LOAD(p) (between_accesses(), __atomic_load_n((p), __ATOMIC_RELAXED))
#define INTERCELL_OBSERVE(p) (between_accesses(), __atomic_load_n((p), __ATOMIC_ACQUIRE))
#define INTERCELL_OBSERVE16(p) (between_accesses(), __atomic_load_n((p), __ATOMIC_ACQUIRE))

#include "net_world.h"

#include <time.h>

#define SECTION 0x2000u
#define FRAME 1518u
#define ROUNDS 200000u

static bool is_rewriting;
static struct intercell_net_geometry geometry;

static void put16(uint32_t offset, uint32_t value)
{
	net_sections[1][offset] = (unsigned char)value;
	net_sections[1][offset + 1] = (unsigned char)(value >> 8);
}

static void put32(uint32_t offset, uint32_t value)
{
	put16(offset, value & 0xffffu);
	put16(offset + 2, value >> 16);
}

static void announce(uint32_t slot, uint32_t descriptor, uint64_t address, uint32_t length)
{
	put16(geometry.avail + 4 + 2 * (slot % geometry.queue_length), descriptor);
	if (descriptor >= geometry.queue_length)
		return;
	put32(16 * descriptor, (uint32_t)address);
	put32(16 * descriptor + 4, (uint32_t)(address >> 32));
	put32(16 * descriptor + 8, length);
}

static void complete(uint32_t slot, uint32_t id, uint32_t length)
{
	put32(geometry.used + 4 + 8 * (slot % geometry.queue_length), id);
	put32(geometry.used + 8 + 8 * (slot % geometry.queue_length), length);
}

/* Goes through the states as an honest peer would, with an empty section. */
static void come_up(struct net_end *victim)
{
	net_states[1] = 0;
	intercell_net_poll(&victim->net, 1);
	memset(net_sections[1], 0, SECTION);
	for (uint32_t state = 1; state <= 3; state++) {
		net_states[1] = state;
		intercell_net_poll(&victim->net, 1);
	}
	CHECK(intercell_net_up(&victim->net));
}

static struct net_end *victim_make(void)
{
	struct intercell_net_options options;

	net_sections_make(SECTION);
	options = net_options(0, SECTION, FRAME);
	CHECK_EQUAL(intercell_net_plan(SECTION, &geometry), 0);
	CHECK_EQUAL(intercell_net_init(&net_ends[0].net, &options), 0);
	intercell_net_start(&net_ends[0].net);
	come_up(&net_ends[0]);
	return &net_ends[0];
}

struct breach {
	const char *what;
	uint32_t fault;
	uint32_t descriptor;
	uint64_t address;
	uint32_t length;
	uint32_t index;
};

static void each_announcement_that_cannot_be_resets_the_link(void)
{
	const uint64_t data = 0x700;
	const struct breach breaches[] = {
		{ "index beyond the ring", INTERCELL_NET_FAULT_AVAIL, 0, data, 60, 33 },
		{ "index that goes back", INTERCELL_NET_FAULT_AVAIL, 0, data, 60, 0xffff },
		{ "descriptor beyond the table", INTERCELL_NET_FAULT_DESCRIPTOR, 32, data, 60, 1 },
		{ "descriptor far beyond", INTERCELL_NET_FAULT_DESCRIPTOR, 0xffff, data, 60, 1 },
		{ "address in the rings", INTERCELL_NET_FAULT_FRAME, 0, data - 1, 60, 1 },
		{ "address beyond the section", INTERCELL_NET_FAULT_FRAME, 0, SECTION + 1, 0, 1 },
		{ "address of more than 32 bits", INTERCELL_NET_FAULT_FRAME, 0, data + (UINT64_C(1) << 32), 60, 1 },
		{ "length beyond the section", INTERCELL_NET_FAULT_FRAME, 0, SECTION - 60, 61, 1 },
		{ "length that wraps", INTERCELL_NET_FAULT_FRAME, 0, data, 0xffffffff, 1 },
	};
	struct net_end *victim = victim_make();
	uint32_t count = 0;

	for (unsigned i = 0; i < sizeof(breaches) / sizeof(*breaches); i++) {
		const struct breach *breach = &breaches[i];

		announce(0, breach->descriptor, breach->address, breach->length);
		put16(geometry.avail + 2, breach->index);
		CHECK(!intercell_net_prepare_sleep(&victim->net));
		CHECK_EQUAL(intercell_net_poll(&victim->net, 10), 0);
		CHECK_EQUAL(victim->faults, ++count);
		CHECK_EQUAL(victim->fault, breach->fault);
		CHECK_EQUAL(net_states[0], INTERCELL_NET_RESET);
		/* It stays down until the peer begins anew. */
		intercell_net_poll(&victim->net, 10);
		CHECK_EQUAL(net_states[0], INTERCELL_NET_RESET);
		come_up(victim);
	}
	/* What is allowed: the last byte of the section, at any alignment, empty and too long ones. */
	announce(0, 31, SECTION - 61, 61);
	announce(1, 0, SECTION, 0);
	announce(2, 1, data, SECTION - (uint32_t)data);
	put16(geometry.avail + 2, 3);
	CHECK_EQUAL(intercell_net_poll(&victim->net, 10), 3);
	CHECK_EQUAL(victim->length, 61);
	CHECK_EQUAL(victim->net.statistics.rx_runts, 1);
	CHECK_EQUAL(victim->net.statistics.rx_oversized, 1);
	CHECK_EQUAL(victim->faults, count);
}

static void each_acknowledgement_that_cannot_be_resets_the_link(void)
{
	static const struct {
		uint32_t id, length, index, fault;
	} breaches[] = {
		{ 0, 1, 3, INTERCELL_NET_FAULT_USED },       /* more than was sent */
		{ 0, 1, 0xffff, INTERCELL_NET_FAULT_USED },  /* backwards */
		{ 1, 1, 1, INTERCELL_NET_FAULT_COMPLETION }, /* not the oldest */
		{ 32, 1, 1, INTERCELL_NET_FAULT_COMPLETION },
		{ 0, 0, 1, INTERCELL_NET_FAULT_COMPLETION }, /* another length */
		{ 0, 60, 1, INTERCELL_NET_FAULT_COMPLETION },
	};
	struct net_end *victim = victim_make();

	for (unsigned i = 0; i < sizeof(breaches) / sizeof(*breaches); i++) {
		net_send_counting(victim, 0, 60);
		net_send_counting(victim, 1, 60);
		intercell_net_flush(&victim->net);
		complete(0, breaches[i].id, breaches[i].length);
		put16(geometry.used + 2, breaches[i].index);
		intercell_net_poll(&victim->net, 10);
		CHECK_EQUAL(victim->faults, i + 1);
		CHECK_EQUAL(victim->fault, breaches[i].fault);
		CHECK_EQUAL(net_states[0], INTERCELL_NET_RESET);
		CHECK_EQUAL(net_send_counting(victim, 0, 60), INTERCELL_ENOTCONN);
		come_up(victim);
	}
	/* A send that looks for room finds it, too. */
	while (net_send_counting(victim, 0, 1000) == 0)
		;
	put16(geometry.used + 2, 1000);
	CHECK_EQUAL(net_send_counting(victim, 0, 1000), INTERCELL_ENOTCONN);
	CHECK_EQUAL(victim->fault, INTERCELL_NET_FAULT_USED);
}

static uint32_t pick_offset(void)
{
	const uint32_t places[] = {
		geometry.avail + 2,
		geometry.used + 2,
		geometry.used_event,
		geometry.avail_event,
		geometry.avail + 4 + 2 * random_below(32),
		geometry.used + 4 + 4 * random_below(64),
		16 * random_below(32) + 4 * random_below(4),
		2 * random_below(SECTION / 2),
	};

	return places[random_below(sizeof(places) / sizeof(*places))];
}

static void between_accesses(void)
{
	struct intercell_net_ring *ring = &net_ends[0].net.ring;
	uint32_t offset;

	if (!is_rewriting || random_below(4) != 0)
		return;
	/* Half of the time something that may well be right. */
	switch (random_below(8)) {
	case 0:
		put16(geometry.avail + 2, ring->taken + random_below(4));
		break;
	case 1:
		put16(geometry.used + 2, ring->completed + random_below(3));
		break;
	case 2:
		complete(ring->completed, ring->completed & 31u, 1);
		break;
	case 3:
		announce(ring->taken, random_below(32), 0x700 + random_below(SECTION - 0x700), random_below(2000));
		break;
	case 4:
		if (random_below(8) == 0)
			net_states[1] = random_below(5);
		break;
	default:
		offset = pick_offset();
		put16(offset, random_below(2) == 0 ? random_below(0x10000) : random_below(40));
	}
}

static void peer_that_rewrites_its_section_hurts_nobody(void)
{
	const char *seconds = getenv("FUZZ_SECONDS");
	time_t end = seconds ? time(NULL) + atoi(seconds) : 0;
	struct net_end *victim = victim_make();
	struct intercell_net_ring *ring = &victim->net.ring;
	uint32_t round;

	random_seed();
	for (round = 0; round < ROUNDS || (end != 0 && time(NULL) < end); round++) {
		is_rewriting = true;
		switch (random_below(4)) {
		case 0:
			net_send_counting(victim, 0, 14 + random_below(FRAME - 13));
			break;
		case 1:
			intercell_net_prepare_sleep(&victim->net);
			break;
		default:
			intercell_net_poll(&victim->net, random_below(40));
		}
		is_rewriting = false;
		CHECK(victim->net.state <= INTERCELL_NET_RUN);
		CHECK(!intercell_net_up(&victim->net) || intercell_net_outstanding(ring) <= geometry.queue_length);
		CHECK(!intercell_net_up(&victim->net) || (ring->head >= geometry.data && ring->head <= SECTION));
		CHECK(victim->arrived == 0 || (victim->length >= 14 && victim->length <= FRAME));
		if (!intercell_net_up(&victim->net) && random_below(8) == 0)
			come_up(victim);
	}
	/* It did get through to both sides of each check. */
	CHECK(victim->faults > 100 && victim->arrived > 1000 && victim->net.statistics.tx_frames > 1000);
	come_up(victim);
}

int main(void)
{
	each_announcement_that_cannot_be_resets_the_link();
	printf("ok announcements\n");
	each_acknowledgement_that_cannot_be_resets_the_link();
	printf("ok acknowledgements\n");
	peer_that_rewrites_its_section_hurts_nobody();
	printf("ok rewriting\n");
	return 0;
}
