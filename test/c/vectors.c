/* SPDX-License-Identifier: MIT */
/*
 * Prints the sections of a fixed scenario as JSON, for other implementations of the wire to be held against: see
 * test/vectors/wire-v1/README.md.
 */
#include "mail.h"

static const char *separator = "";

static bool line_is_zero(const unsigned char *line)
{
	for (int i = 0; i < 128; i++)
		if (line[i] != 0)
			return false;
	return true;
}

static void print_section(unsigned id)
{
	const char *comma = "";

	printf("        {");
	for (uint32_t offset = 0; offset < SECTION; offset += 128) {
		if (line_is_zero(sections[id] + offset))
			continue;
		printf("%s\n          \"%u\": \"", comma, offset);
		for (int i = 0; i < 128; i++)
			printf("%02x", sections[id][offset + (uint32_t)i]);
		printf("\"");
		comma = ",";
	}
	printf("%s}%s\n", *comma ? "\n        " : "", id + 1 < PEERS ? "," : "");
}

static void print_step(const char *name, const char *text)
{
	printf("%s\n    {\n      \"name\": \"%s\",\n      \"text\": \"%s\",\n", separator, name, text);
	printf("      \"states\": [%u, %u, %u],\n      \"sections\": [\n", state_table[0], state_table[1],
	       state_table[2]);
	for (unsigned id = 0; id < PEERS; id++)
		print_section(id);
	printf("      ]\n    }");
	separator = ",";
}

static void print_parameters(void)
{
	printf("{\n  \"wireVersion\": 1,\n  \"sectionSize\": %u,\n  \"maxPeers\": %u,\n", SECTION, PEERS);
	printf("  \"epochCounters\": [100, 200],\n  \"heartbeatMs\": 100,\n");
	printf("  \"channel\": { \"name\": \"post\", \"protocol\": \"mail\", \"hash\": \"1122334455667788\", "
	       "\"topics\": [8, 100] },\n");
	printf("  \"steps\": [");
}

/* Polls both cells a fixed number of times, so that the heartbeats are fixed as well. */
static void rounds(unsigned count)
{
	while (count-- > 0) {
		intercell_node_poll(&cells[0].node);
		intercell_node_poll(&cells[1].node);
	}
}

static void two_cells_meet(void)
{
	world_reset();
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	print_step("started", "Cell 0 started, nobody else is there");
	CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
	mail_open(0, &mail_protocol);
	mail_open(1, &mail_protocol);
	intercell_node_poll(&cells[0].node);
	print_step("accepted", "Cell 1 started too, cell 0 accepted it");
	intercell_node_poll(&cells[1].node);
	print_step("half-open", "Cell 1 accepted and opened");
	rounds(3);
	print_step("announced", "Both are open and announced channel 1 with its two latest-value slots");
}

static void two_cells_talk(void)
{
	unsigned char value[100];
	uint32_t question = 0x0a0b0c0d;

	for (unsigned i = 0; i < sizeof(value); i++)
		value[i] = (unsigned char)(i + 1);
	CHECK_EQUAL(intercell_channel_send(&boxes[0].channel, 1, 0, value, 13), 0);
	CHECK_EQUAL(intercell_channel_send(&boxes[0].channel, 1, 1, value, 8), 0);
	print_step("data", "Cell 0 sent bytes 1 to 13 as message 0, and 1 to 8 as message 1");
	CHECK_EQUAL(intercell_latest_publish(&boxes[1].channel, 1, value, 77), 0);
	CHECK_EQUAL(intercell_channel_broadcast(&boxes[1].channel, 1, value, 8), 0);
	print_step("latest-broadcast",
	           "Cell 1 published bytes 1 to 77 on topic 1, and broadcast bytes 1 to 8 as message 1");
	rounds(1);
	print_step("acknowledged", "Both polled once");
	CHECK_EQUAL(intercell_hub_queue(&cells[0].links[1], INTERCELL_KIND_REQUEST, &boxes[0].channel, 0, NULL, 0,
	                                &question, 4, NULL),
	            0);
	CHECK_EQUAL(intercell_link_flush(&cells[0].links[1]), 0);
	intercell_node_poll(&cells[1].node);
	print_step("reply", "Cell 0 asked with message 0 (0d 0c 0b 0a), cell 1 answered with message 1");
	CHECK(intercell_node_prepare_sleep(&cells[1].node));
	print_step("asleep", "Cell 1 wants to be rung for commits");
}

static void ring_wraps(void)
{
	unsigned char value[600];

	for (unsigned i = 0; i < sizeof(value); i++)
		value[i] = (unsigned char)(i * 7);
	intercell_node_wake(&cells[1].node);
	for (int i = 0; i < 4; i++) {
		CHECK_EQUAL(intercell_channel_send(&boxes[0].channel, 1, 0, value, 600), 0);
		rounds(1);
	}
	print_step(
		"wrapped",
		"Cell 0 sent 600 bytes (7 * i modulo 256) four times, each read at once: a pad lies before the wrap");
}

static void cell_restarts(void)
{
	world_kill(0);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	print_step("restarted", "Cell 0 was killed and started: cursors and ring stand, epochs are the next ones");
	rounds(4);
	print_step("met-again", "The session is open again, cell 1 has announced its channel");
}

int main(void)
{
	print_parameters();
	two_cells_meet();
	two_cells_talk();
	ring_wraps();
	cell_restarts();
	printf("\n  ]\n}\n");
	return 0;
}
