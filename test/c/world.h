/* SPDX-License-Identifier: MIT */
/* A machine in one process for the C tests: plain memory, registers that count, a clock that the test turns. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "intercell/intercell.h"

#include "check.h"

#include <string.h>

#define PEERS 3
#define SECTION 0x2000
#define REMOTES 4
#define EVENTS 256

struct test_cell {
	unsigned id;
	struct intercell_platform platform;
	struct intercell_layout layout;
	struct intercell_node node;
	struct intercell_link links[PEERS];
	struct intercell_hub hub;
	struct intercell_hub_link hub_links[PEERS];
	struct intercell_remote remotes[PEERS * REMOTES];
	_Alignas(8) unsigned char scratch[SECTION];
	unsigned doorbells;
	unsigned armed;
	struct intercell_event events[EVENTS];
	unsigned event_peers[EVENTS];
	unsigned event_count;
};

static _Alignas(128) unsigned char sections[PEERS][SECTION];
static uint32_t state_table[PEERS];
static struct test_cell cells[PEERS];
static uint32_t clock_now = 1000;

static uint32_t test_read_register(void *context, uint32_t offset)
{
	struct test_cell *cell = context;

	if (offset == INTERCELL_REGISTER_ID)
		return cell->id;
	return offset == INTERCELL_REGISTER_MAX_PEERS ? PEERS : 0;
}

static void test_write_register(void *context, uint32_t offset, uint32_t value)
{
	struct test_cell *cell = context;

	if (offset == INTERCELL_REGISTER_STATE)
		state_table[cell->id] = value;
	else if (offset == INTERCELL_REGISTER_INT_CONTROL)
		cell->armed++;
	else if (offset == INTERCELL_REGISTER_DOORBELL && value >> 16 < PEERS)
		cells[value >> 16].doorbells++;
}

static uint32_t test_clock(void *context)
{
	(void)context;
	return clock_now;
}

static void test_event(void *context, struct intercell_link *link, const struct intercell_event *event)
{
	struct test_cell *cell = context;

	CHECK(cell->event_count < EVENTS);
	cell->event_peers[cell->event_count] = link->peer;
	cell->events[cell->event_count++] = *event;
}

/* What an option says unless a test changes it. */
static inline void world_options(unsigned id, struct intercell_layout_options *options)
{
	options->section_size = SECTION;
	options->max_peers = PEERS;
	options->id = (uint16_t)id;
	options->peers = INTERCELL_DEFAULT;
	options->broadcast_bytes = INTERCELL_DEFAULT;
	options->latest_bytes = INTERCELL_DEFAULT;
}

/* Makes a cell's program anew, as after a boot: its section keeps what it held. */
static inline struct test_cell *world_boot_with(unsigned id, const struct intercell_layout_options *options)
{
	struct test_cell *cell = &cells[id];
	struct intercell_node_options node;

	memset(cell, 0, sizeof(*cell));
	memset(&node, 0, sizeof(node));
	cell->id = id;
	cell->platform.read_register = test_read_register;
	cell->platform.write_register = test_write_register;
	cell->platform.clock_ms = test_clock;
	cell->platform.context = cell;
	CHECK_EQUAL(intercell_layout_plan(options, &cell->layout), 0);
	node.platform = &cell->platform;
	node.state_table = state_table;
	node.output = sections[id];
	node.inputs = sections;
	node.layout = cell->layout;
	node.links = cell->links;
	node.scratch = cell->scratch;
	node.scratch_size = sizeof(cell->scratch);
	node.epoch_seed = 100 * (id + 1);
	node.heartbeat_ms = 100;
	node.interrupts = true;
	node.on_event = test_event;
	node.context = cell;
	CHECK_EQUAL(intercell_node_init(&cell->node, &node), 0);
	CHECK_EQUAL(intercell_hub_init(&cell->hub, &cell->node, cell->hub_links, cell->remotes, REMOTES), 0);
	return cell;
}

static inline struct test_cell *world_boot(unsigned id)
{
	struct intercell_layout_options options;

	world_options(id, &options);
	return world_boot_with(id, &options);
}

/* A kill: the hypervisor shows state 0, everything else stays. */
static inline void world_kill(unsigned id)
{
	state_table[id] = 0;
	memset(&cells[id], 0, sizeof(cells[id]));
}

static inline void world_reset(void)
{
	memset(sections, 0, sizeof(sections));
	memset(state_table, 0, sizeof(state_table));
	memset(cells, 0, sizeof(cells));
}

/* Polls all cells that run until nothing is delivered, at least four rounds. */
static inline void world_settle(void)
{
	unsigned round, id;
	int busy = 0;

	for (round = 0; round < 4 || (busy && round < 1000); round++) {
		busy = 0;
		for (id = 0; id < PEERS; id++)
			if (cells[id].node.running && intercell_node_poll(&cells[id].node) > 0)
				busy = 1;
	}
	CHECK(!busy);
}

/* Two or three started cells with open sessions. */
static inline void world_start(unsigned count)
{
	unsigned id;

	world_reset();
	for (id = 0; id < count; id++)
		CHECK_EQUAL(intercell_node_start(&world_boot(id)->node), 0);
	world_settle();
}

/* The last event of a cell about a peer, or NULL. */
static inline const struct intercell_event *world_event(unsigned id, unsigned peer)
{
	unsigned i;

	for (i = cells[id].event_count; i > 0; i--)
		if (cells[id].event_peers[i - 1] == peer)
			return &cells[id].events[i - 1];
	return NULL;
}

static inline uint32_t *world_word(unsigned id, uint32_t offset)
{
	return (uint32_t *)(void *)(sections[id] + offset);
}

/* Offset of cell @id's control block, and of its ring, for @peer. */
static inline uint32_t world_control(unsigned id, unsigned peer)
{
	return *world_word(id, intercell_entry(peer) + INTERCELL_ENTRY_CONTROL);
}

static inline uint32_t world_ring(unsigned id, unsigned peer)
{
	return *world_word(id, intercell_entry(peer) + INTERCELL_ENTRY_RING);
}

#define RUN(test)                         \
	do {                              \
		test();                   \
		printf("ok %s\n", #test); \
	} while (0)

#endif
