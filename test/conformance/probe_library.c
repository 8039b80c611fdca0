/* SPDX-License-Identifier: MIT */
/* The C cell as a shared library, for a process that has the machine's memory: see native-cell.ts. */
#define _POSIX_C_SOURCE 200809L
#include "probe.h"

#include <time.h>

#define REGISTER_WRITES 64
#define EVENTS_BYTES 65536

struct library_cell {
	struct probe probe;
	uint32_t writes[REGISTER_WRITES][2];
	unsigned write_count;
	char events[EVENTS_BYTES];
	size_t event_bytes;
};

static void library_write_register(void *context, uint32_t offset, uint32_t value)
{
	struct library_cell *cell = context;

	if (cell->write_count == REGISTER_WRITES)
		abort();
	cell->writes[cell->write_count][0] = offset;
	cell->writes[cell->write_count++][1] = value;
}

static uint32_t library_clock(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

static void library_tell(void *context, const char *line)
{
	struct library_cell *cell = context;
	size_t length = strlen(line);

	if (cell->event_bytes + length + 2 > EVENTS_BYTES)
		abort();
	memcpy(cell->events + cell->event_bytes, line, length);
	cell->event_bytes += length;
	cell->events[cell->event_bytes++] = '\n';
	cell->events[cell->event_bytes] = 0;
}

/* Starts a cell on @sections, all output sections one behind the other. Returns NULL if it cannot. */
struct library_cell *cell_start(uint32_t id, uint32_t section_size, const void *state_table, unsigned char *sections,
                                uint32_t epoch_seed)
{
	struct library_cell *cell = calloc(1, sizeof(*cell));
	struct intercell_node_options node;

	memset(&node, 0, sizeof(node));
	cell->probe.platform.write_register = library_write_register;
	cell->probe.platform.clock_ms = library_clock;
	cell->probe.platform.context = cell;
	cell->probe.tell = library_tell;
	cell->probe.context = cell;
	node.state_table = state_table;
	node.output = sections + (size_t)id * section_size;
	node.inputs = sections;
	node.epoch_seed = epoch_seed;
	if (probe_start(&cell->probe, &node, id, section_size) == 0)
		return cell;
	free(cell);
	return NULL;
}

/* Each of these may leave register writes and events, to be taken before the next call. */
int cell_command(struct library_cell *cell, const char *line)
{
	return probe_command(&cell->probe, line);
}

/* One poll of the heartbeat's timer may come while the node is stopped: then it does nothing. */
void cell_run(struct library_cell *cell)
{
	if (cell->probe.node.running)
		probe_run(&cell->probe);
}

/* Copies the register writes, pairs of offset and value, to @to with room for 128 words. Returns how many there are. */
uint32_t cell_take_writes(struct library_cell *cell, uint32_t *to)
{
	uint32_t count = cell->write_count;

	memcpy(to, cell->writes, sizeof(cell->writes));
	cell->write_count = 0;
	return count;
}

/* The events since the last call, one a line; valid until the next call. */
const char *cell_take_events(struct library_cell *cell)
{
	if (cell->event_bytes == 0)
		return "";
	cell->event_bytes = 0;
	return cell->events;
}

void cell_free(struct library_cell *cell)
{
	free(cell);
}
