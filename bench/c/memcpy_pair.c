/* SPDX-License-Identifier: MIT */
/*
 * Bytes a second from one process to another through shared memory: one copies blocks in with memcpy, the other copies them
 * out, both without pause. Nothing but the number of blocks is told. Prints one JSON object.
 *
 *	cc -O2 bench/c/memcpy_pair.c -o memcpy_pair
 *	./memcpy_pair [block bytes [blocks in the shared memory [milliseconds]]]
 */
#define _GNU_SOURCE
#include "bench.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two counts of blocks, each on a line of its own. */
struct bench_counts {
	_Alignas(128) uint64_t written;
	_Alignas(128) uint64_t read;
};

static void run_reader(struct bench_counts *counts, const unsigned char *blocks, size_t size, uint64_t slots)
{
	unsigned char *copy = malloc(size);
	uint64_t next;

	bench_check(copy, "allocate a block");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_pin(1);
	for (next = 0;; next++) {
		while (__atomic_load_n(&counts->written, __ATOMIC_ACQUIRE) == next)
			;
		memcpy(copy, blocks + next % slots * size, size);
		__asm__ volatile("" : : "r"(copy) : "memory");
		__atomic_store_n(&counts->read, next + 1, __ATOMIC_RELEASE);
	}
}

int main(int argc, char **argv)
{
	size_t size = argc > 1 ? strtoull(argv[1], NULL, 0) : 0x100000u;
	uint64_t slots = argc > 2 ? strtoull(argv[2], NULL, 0) : 4u;
	uint64_t duration_ns = (argc > 3 ? strtoull(argv[3], NULL, 0) : 1000u) * 1000000u;
	unsigned char *memory = mmap(NULL, 4096 + size * slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct bench_counts *counts = (struct bench_counts *)memory;
	unsigned char *source = malloc(size);
	uint64_t next, start, before, elapsed;
	pid_t child;

	bench_check(memory != MAP_FAILED && source && slots > 0, "allocate the blocks");
	memset(source, 1, size);
	child = fork();
	bench_check(child >= 0, "fork");
	if (child == 0)
		run_reader(counts, memory + 4096, size, slots);
	bench_pin(0);
	start = bench_now_ns();
	for (next = before = 0;; next++) {
		elapsed = bench_now_ns() - start;
		/* The first quarter maps the pages and warms the caches. */
		if (before == 0 && elapsed >= duration_ns / 4) {
			before = next;
			start = bench_now_ns();
		} else if (before != 0 && elapsed >= duration_ns) {
			break;
		}
		while (next - __atomic_load_n(&counts->read, __ATOMIC_ACQUIRE) == slots)
			;
		memcpy(memory + 4096 + next % slots * size, source, size);
		__atomic_store_n(&counts->written, next + 1, __ATOMIC_RELEASE);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("{ \"bytesPerSecond\": %.0f }\n", (double)(next - before) * (double)size * 1e9 / (double)elapsed);
	return 0;
}
