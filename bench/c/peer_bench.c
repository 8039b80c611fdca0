/* SPDX-License-Identifier: MIT */
/*
 * Throughput and round trip of two processes that spin on raw links, without a hypervisor: the baseline of the
 *TypeScript figures. Prints one JSON object. Needs two idle cores: a side that found nothing IDLE_SPINS times yields
 *its core.
 *
 *	cc -O2 -Inative/include bench/c/peer_bench.c -o peer_bench
 *	./peer_bench [section bytes [milliseconds for each throughput [payload bytes [round trips]]]]
 */
#define _GNU_SOURCE
#include "bench.h"
#include "intercell/node.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PAYLOAD 0x100000u
#define WARMUP_TRIPS 1000u
#define BATCH 32
#define IDLE_SPINS 2000

static uint32_t payload_size = 64;
static struct bench_histogram trips;

struct bench_side {
	struct intercell_platform platform;
	struct intercell_node node;
	struct intercell_link links[2];
	uint32_t *states;
	unsigned id;
	bool echo;
	uint64_t received;
};

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	struct bench_side *side = context;

	if (offset == INTERCELL_REGISTER_STATE)
		__atomic_store_n(&side->states[side->id], value, __ATOMIC_SEQ_CST);
}

static int reply(struct intercell_link *link, const struct intercell_record *record)
{
	unsigned char *payload;

	if (intercell_link_reserve(link, payload_size, &payload) < 0)
		return INTERCELL_HOLD;
	INTERCELL_COPY_OUT(payload, record->payload, payload_size);
	(void)intercell_link_append(link, payload_size, payload_size, INTERCELL_KIND_DATA, 1, 0);
	return intercell_link_flush(link);
}

static int take_record(void *context, struct intercell_link *link, const struct intercell_record *record,
                       struct intercell_finding *finding)
{
	struct bench_side *side = context;

	(void)finding;
	if (side->echo && reply(link, record) == INTERCELL_HOLD)
		return INTERCELL_HOLD;
	side->received++;
	return INTERCELL_OK;
}

/* Counts turns in which nothing happened. */
static void idle(unsigned *spins)
{
	if (++*spins < IDLE_SPINS)
		return;
	*spins = 0;
	sched_yield();
}

static void side_start(struct bench_side *side, unsigned id, void *memory, uint32_t section)
{
	struct intercell_layout_options layout = { section, 2, (uint16_t)id, INTERCELL_DEFAULT, 0, 0 };
	struct intercell_node_options options = { 0 };
	unsigned spins = 0;

	side->id = id;
	side->states = memory;
	side->platform.write_register = write_register;
	side->platform.context = side;
	bench_check(intercell_layout_plan(&layout, &options.layout) == 0, "divide the section");
	options.platform = &side->platform;
	options.state_table = memory;
	options.inputs = (unsigned char *)memory + 0x1000;
	options.output = (unsigned char *)memory + 0x1000 + (size_t)id * section;
	options.links = side->links;
	options.scratch_size = section;
	options.scratch = aligned_alloc(64, section);
	options.epoch_seed = id + 1;
	bench_check(options.scratch && intercell_node_init(&side->node, &options) == 0, "set the node up");
	side->node.layer.record = take_record;
	side->node.layer.context = side;
	bench_check(intercell_node_start(&side->node) == 0, "start the node");
	while (side->links[1 - id].phase != INTERCELL_PHASE_READY) {
		intercell_node_poll(&side->node);
		idle(&spins);
	}
}

static void run_receiver(void *memory, uint32_t section, bool echo)
{
	struct bench_side side = { .echo = echo };
	unsigned spins = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	side_start(&side, 1, memory, section);
	for (;;) {
		if (intercell_node_poll(&side.node) > 0)
			spins = 0;
		else
			idle(&spins);
	}
}

/* Writes as many records as fit, up to @batch, and publishes them together. */
static void send_batch(struct intercell_link *link, int batch)
{
	static const _Alignas(8) unsigned char data[MAX_PAYLOAD] = { 1 };
	unsigned char *payload;

	for (; batch > 0 && intercell_link_reserve(link, payload_size, &payload) == 0; batch--) {
		INTERCELL_COPY_OUT(payload, data, payload_size);
		(void)intercell_link_append(link, payload_size, payload_size, INTERCELL_KIND_DATA, 1, 0);
	}
	(void)intercell_link_flush(link);
}

/* Records a second. */
static double run_sender(struct bench_side *side, int batch, uint64_t duration_ns)
{
	struct intercell_link *link = &side->links[1];
	uint64_t start = bench_now_ns();
	uint64_t elapsed = 0;
	uint32_t turns = 0;
	unsigned spins = 0;

	while (elapsed < duration_ns) {
		uint32_t sent = link->statistics.sent;

		send_batch(link, batch);
		if (link->statistics.sent == sent)
			idle(&spins);
		if ((++turns & 255u) == 0)
			elapsed = bench_now_ns() - start;
	}
	while (intercell_link_unacknowledged(link) != 0)
		idle(&spins);
	return (double)link->statistics.sent * 1e9 / (double)(bench_now_ns() - start);
}

/* Fills @trips with one value for each of @count round trips after the first WARMUP_TRIPS. */
static void run_trips(struct bench_side *side, uint64_t count)
{
	uint64_t start = bench_now_ns();
	uint64_t trip;
	unsigned spins = 0;

	for (trip = 0; trip < WARMUP_TRIPS + count; trip++) {
		uint64_t received = side->received;
		uint64_t end;

		send_batch(&side->links[1], 1);
		while (side->received == received)
			if (intercell_node_poll(&side->node) == 0)
				idle(&spins);
		end = bench_now_ns();
		if (trip >= WARMUP_TRIPS)
			bench_histogram_record(&trips, end - start);
		start = end;
	}
}

/* Measures a throughput with @batch records to a publication or, with @batch 0, @amount round trips. */
static double measure(uint32_t section, int batch, uint64_t amount)
{
	struct bench_side side = { 0 };
	size_t size = 0x1000 + 2 * (size_t)section;
	int memory_fd = memfd_create("intercell-bench", MFD_CLOEXEC);
	double figure = 0;
	void *memory;
	pid_t child;

	bench_check(memory_fd >= 0 && ftruncate(memory_fd, (off_t)size) == 0, "make the shared memory");
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	bench_check(memory != MAP_FAILED, "map the shared memory");
	child = fork();
	bench_check(child >= 0, "fork");
	if (child == 0) {
		bench_pin(1);
		run_receiver(memory, section, batch == 0);
	}
	bench_pin(0);
	side_start(&side, 0, memory, section);
	if (batch == 0)
		run_trips(&side, amount);
	else
		figure = run_sender(&side, batch, amount);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	free(side.node.scratch);
	munmap(memory, size);
	close(memory_fd);
	return figure;
}

int main(int argc, char **argv)
{
	uint32_t section = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 0x2000;
	uint64_t duration_ns = (argc > 2 ? strtoull(argv[2], NULL, 0) : 500u) * 1000000u;
	uint64_t trip_count = argc > 4 ? strtoull(argv[4], NULL, 0) : 1000000u;
	double batched, single;

	if (argc > 3)
		payload_size = (uint32_t)strtoul(argv[3], NULL, 0);
	bench_check(payload_size > 0 && payload_size <= MAX_PAYLOAD && payload_size + 16u <= section / 8,
	            "use this payload size");
	batched = duration_ns ? measure(section, BATCH, duration_ns) : 0;
	single = duration_ns ? measure(section, 1, duration_ns) : 0;
	if (trip_count)
		measure(section, 0, trip_count);
	printf("{ \"sectionBytes\": %u, \"payloadBytes\": %u, \"batchedPerSecond\": %.0f, \"singlePerSecond\": %.0f, "
	       "\"histogram\": ",
	       section, payload_size, batched, single);
	bench_histogram_print(&trips);
	printf(" }\n");
	return 0;
}
