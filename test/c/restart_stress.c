/* SPDX-License-Identifier: MIT */
/*
 * Two processes over shared memory, one of which is killed and started again at random moments: in each session nothing
 * committed is lost, delivered twice or out of order. The killed side notes in private shared memory what it committed,
 *so that the survivor can tell what must have arrived.
 *
 *	restart_stress [restarts [seed]]
 */
#define _GNU_SOURCE
#include "intercell/node.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECTION 0x2000u

#define LIVES_MAX 100000u

struct side {
	struct intercell_platform platform;
	struct intercell_node node;
	struct intercell_link links[2];
	_Alignas(8) unsigned char scratch[SECTION];
	unsigned id;
	uint32_t life; /* of the sender whose messages arrive */
	uint32_t next; /* message due in that life */
	uint32_t total;
	uint32_t whole; /* lives of which all that was committed is known to have arrived */
};

static uint32_t *states;
/* By life, the messages it committed, noted right after each commit; no part of the wire. */
static uint32_t *committed;

static void fail(const char *what, uint32_t found, uint32_t wanted)
{
	fprintf(stderr, "%s: found %u, wanted %u\n", what, found, wanted);
	_exit(1);
}

/* Every eighth life divides its section in another way, and then what its predecessor left is not taken. */
static bool other_geometry(uint32_t life)
{
	return life % 8 == 0;
}

/* Checks a life that is over; the message whose commit was not yet noted when it was killed may have arrived. */
static void check_life(struct side *side)
{
	uint32_t wanted = __atomic_load_n(&committed[side->life], __ATOMIC_SEQ_CST);

	if (side->next != wanted && side->next != wanted + 1)
		fail("messages of a life", side->next, wanted);
	side->whole++;
}

/* True if the lives from one to another, both included, divide their sections alike. */
static bool alike(uint32_t from, uint32_t to)
{
	uint32_t life;

	for (life = from; life <= to; life++)
		if (other_geometry(life) != other_geometry(from))
			return false;
	return true;
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	struct side *side = context;

	if (offset == INTERCELL_REGISTER_STATE)
		__atomic_store_n(&states[side->id], value, __ATOMIC_SEQ_CST);
}

static int take(void *context, struct intercell_link *link, const struct intercell_record *record,
                struct intercell_finding *finding)
{
	struct side *side = context;
	uint32_t words[2];

	(void)link;
	(void)finding;
	words[0] = ((const intercell_u32 *)(const void *)record->payload)[0];
	words[1] = ((const intercell_u32 *)(const void *)record->payload)[1];
	if (words[0] != side->life) {
		if (words[0] < side->life)
			fail("message of an earlier life", words[0], side->life);
		if (side->life != 0 && alike(side->life, words[0]))
			check_life(side);
		side->life = words[0];
		side->next = 0;
	}
	if (words[1] != side->next)
		fail("message out of order", words[1], side->next);
	side->next++;
	side->total++;
	return INTERCELL_OK;
}

static void event(void *context, struct intercell_link *link, const struct intercell_event *event)
{
	(void)context;
	(void)link;
	if (event->kind == INTERCELL_EVENT_FAULT)
		fail("fault", event->code, 0);
}

static void start(struct side *side, unsigned id, unsigned char *memory, bool other)
{
	struct intercell_layout_options layout = { SECTION, 2, (uint16_t)id, INTERCELL_DEFAULT, 0, 0 };
	struct intercell_node_options options = { 0 };

	side->id = id;
	side->platform.write_register = write_register;
	side->platform.context = side;
	layout.latest_bytes = other ? SECTION / 2 : 0;
	if (intercell_layout_plan(&layout, &options.layout) != 0)
		fail("layout", 0, 1);
	options.platform = &side->platform;
	options.state_table = states;
	options.inputs = memory;
	options.output = memory + (size_t)id * SECTION;
	options.links = side->links;
	options.scratch = side->scratch;
	options.scratch_size = sizeof(side->scratch);
	options.epoch_seed = id + 7;
	options.on_event = event;
	options.context = side;
	if (intercell_node_init(&side->node, &options) != 0)
		fail("init", 0, 1);
	side->node.layer.record = take;
	side->node.layer.context = side;
	intercell_node_start(&side->node);
}

static void run_sender(unsigned char *memory, uint32_t life)
{
	static struct side side;
	struct intercell_link *link = &side.links[1];
	uint32_t count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	start(&side, 0, memory, other_geometry(life));
	for (;;) {
		unsigned char *payload;
		uint32_t length = 8 + (count * 52 & 255);

		intercell_node_poll(&side.node);
		if (intercell_link_reserve(link, length, &payload) != 0) {
			sched_yield();
			continue;
		}
		intercell_store(payload, 0, life);
		intercell_store(payload, 4, count++);
		(void)intercell_link_append(link, length, length, INTERCELL_KIND_DATA, 1, 0);
		(void)intercell_link_flush(link);
		__atomic_store_n(&committed[life], count, __ATOMIC_SEQ_CST);
	}
}

static void pause_for(uint32_t microseconds)
{
	struct timespec time = { 0, (long)microseconds * 1000 };

	nanosleep(&time, NULL);
}

static uint64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

/*
 * Leaves the child alone for a while, so that it starts while its predecessor's records are still there, polls, leaves
 * it alone again, so that records stay behind, and kills it; its state word becomes 0, as the hypervisor would have it.
 */
static void live_and_die(struct side *side, pid_t child, uint32_t microseconds)
{
	uint64_t end;

	pause_for(microseconds / 2);
	end = now_us() + microseconds;
	while (now_us() < end)
		intercell_node_poll(&side->node);
	pause_for(microseconds / 8);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	states[0] = 0;
}

int main(int argc, char **argv)
{
	uint32_t restarts = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 200;
	uint32_t random = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : (uint32_t)getpid();
	unsigned char *memory = mmap(NULL, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static struct side side;
	uint32_t life;

	states = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	committed = mmap(NULL, LIVES_MAX * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (restarts == 0 || restarts >= LIVES_MAX)
		fail("restarts", restarts, LIVES_MAX);
	printf("seed %u\n", random);
	start(&side, 1, memory, 0);
	for (life = 1; life <= restarts; life++) {
		pid_t child;

		random = random * 1664525u + 1013904223u;
		child = fork();
		if (child == 0)
			run_sender(memory, life);
		live_and_die(&side, child, (random >> 16) % 3000);
		/* At even lives the next one starts at once, and what this one left is drained under its hands. */
		if (life % 2 == 0)
			continue;
		for (int i = 0; i < 4; i++)
			intercell_node_poll(&side.node);
		if (side.life == life)
			check_life(&side);
		else if (committed[life] != 0)
			fail("life that was not heard", side.life, life);
	}
	printf("ok %u restarts, %u messages, %u whole lives checked, %u drains cut short\n", restarts, side.total,
	       side.whole, side.links[0].statistics.torn);
	return side.total != 0 && side.whole != 0 ? 0 : 1;
}
