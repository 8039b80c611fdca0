/* SPDX-License-Identifier: MIT */
/*
 * The C cell as a process on a device of whatever kind. Commands come from standard input; events, and a line
 * ["done",RESULT] after each command, go to standard output.
 */
#ifndef TEST_PROBE_PROCESS_H
#define TEST_PROBE_PROCESS_H

#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

/* Between two looks without an interrupt, as a fallback and for the heartbeat. */
#define PROBE_SLOW_POLL_MS 20

/* The device of the process. */
struct probe_device {
	uint32_t peer;
	uint32_t output_bytes;
	const void *state_table;
	/* All output sections, one behind the other. */
	const void *inputs;
	void *output;
	int event_fd;
	void (*write_register)(void *context, uint32_t offset, uint32_t value);
	/* Takes the interrupts that event_fd shows. Returns a negative value if the device is gone. */
	int (*take_interrupts)(void *context);
	void *context;
};

static inline uint32_t probe_clock(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

static inline void probe_print(void *context, const char *line)
{
	(void)context;
	puts(line);
}

static inline int probe_begin(struct probe *probe, const struct probe_device *device)
{
	struct intercell_node_options node;

	memset(&node, 0, sizeof(node));
	probe->platform.write_register = device->write_register;
	probe->platform.clock_ms = probe_clock;
	probe->platform.context = device->context;
	probe->tell = probe_print;
	node.state_table = device->state_table;
	node.output = device->output;
	node.inputs = device->inputs;
	node.epoch_seed = (uint32_t)getpid();
	return probe_start(probe, &node, device->peer, device->output_bytes);
}

/* Carries out the whole lines of what was read. Returns the bytes that are left. */
static inline size_t probe_lines(struct probe *probe, char *text, size_t length)
{
	char *end;

	while ((end = memchr(text, '\n', length)) != NULL) {
		size_t line = (size_t)(end - text) + 1;

		*end = 0;
		printf("[\"done\",%d]\n", probe_command(probe, text));
		length -= line;
		memmove(text, text + line, length);
	}
	return length;
}

/* Runs the cell until its input ends. Returns the exit code of the process. */
static inline int probe_process(const struct probe_device *device)
{
	static struct probe probe;
	static char text[65536];
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = device->event_fd, .events = POLLIN } };
	size_t length = 0;
	ssize_t count;

	if (probe_begin(&probe, device) < 0)
		return 1;
	puts("[\"ready\"]");
	for (;;) {
		if (probe.node.running)
			probe_run(&probe);
		fflush(stdout);
		if (poll(fds, 2, PROBE_SLOW_POLL_MS) < 0)
			return 1;
		if (fds[1].revents != 0 && device->take_interrupts(device->context) < 0)
			return 1;
		if (fds[0].revents == 0)
			continue;
		count = read(STDIN_FILENO, text + length, sizeof(text) - length);
		if (count <= 0)
			return count < 0;
		length = probe_lines(&probe, text, length + (size_t)count);
	}
}

#endif
