/* SPDX-License-Identifier: MIT */
/*
 * The C cell as a process of a simulated machine, which the environment names. Commands come from standard input;
 * events, and a line ["done",RESULT] after each command, go to standard output.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "intercell_sim.h"

/* Between two looks without an interrupt, as a fallback and for the heartbeat. */
#define SLOW_POLL_MS 20

static struct intercell_sim sim;
static struct probe probe;

static void inmate_write_register(void *context, uint32_t offset, uint32_t value)
{
	intercell_sim_write(context, offset, value);
}

static uint32_t inmate_clock(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

static void inmate_tell(void *context, const char *line)
{
	(void)context;
	puts(line);
}

/* The library takes the sections as the device has them: one behind the other. */
static void *inmate_inputs(void)
{
	size_t size = sim.output_bytes;
	unsigned char *all = mmap(NULL, size * PROBE_PEERS, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *place = all;

	for (uint32_t i = 0; all != MAP_FAILED && i < PROBE_PEERS; i++, place += size) {
		sim.inputs[i] = mremap((void *)sim.inputs[i], size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place);
		if (sim.inputs[i] == MAP_FAILED)
			return NULL;
	}
	return all == MAP_FAILED ? NULL : all;
}

static int inmate_start(void)
{
	struct intercell_node_options node;
	int status = intercell_sim_open(&sim, NULL, 0, -1);

	if (status < 0)
		return status;
	memset(&node, 0, sizeof(node));
	probe.platform.write_register = inmate_write_register;
	probe.platform.clock_ms = inmate_clock;
	probe.platform.context = &sim;
	probe.tell = inmate_tell;
	node.state_table = (const void *)sim.state_table;
	node.output = sim.output;
	node.inputs = inmate_inputs();
	node.epoch_seed = (uint32_t)getpid();
	return node.inputs ? probe_start(&probe, &node, sim.peer, (uint32_t)sim.output_bytes) : -ENOMEM;
}

/* Carries out the whole lines of what was read. Returns the bytes that are left. */
static size_t inmate_commands(char *text, size_t length)
{
	char *end;

	while ((end = memchr(text, '\n', length)) != NULL) {
		size_t line = (size_t)(end - text) + 1;

		*end = 0;
		printf("[\"done\",%d]\n", probe_command(&probe, text));
		length -= line;
		memmove(text, text + line, length);
	}
	return length;
}

int main(void)
{
	static char text[65536];
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	size_t length = 0;
	ssize_t count;

	if (inmate_start() < 0)
		return 1;
	fds[1].fd = sim.event_fd;
	puts("[\"ready\"]");
	for (;;) {
		if (probe.node.running)
			probe_run(&probe);
		fflush(stdout);
		if (poll(fds, 2, SLOW_POLL_MS) < 0)
			return 1;
		if (fds[1].revents != 0 && intercell_sim_wait(&sim, 0) < 0)
			return 1;
		if (fds[0].revents == 0)
			continue;
		count = read(STDIN_FILENO, text + length, sizeof(text) - length);
		if (count <= 0)
			return count < 0;
		length = inmate_commands(text, length + (size_t)count);
	}
}
