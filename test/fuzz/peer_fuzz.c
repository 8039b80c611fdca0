/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer harness in which the input plays a peer: it says what the cells do, and rewrites the liar's section
 * between any two loads of the victim. Held against: no access out of bounds, no store outside the victim's own
 * section, bounded work in each poll, only whole records in private memory and in order, a witness that notices
 * nothing, and a liar that is welcome again when it restarts and keeps to the rules.
 */
#include "hooks.h"

#include "intercell/intercell.h"

#define REMOTES 4
/* Accesses in one poll at most: the copies of two rings, of a broadcast ring, and the checks of each record. */
#define POLL_ACCESSES 20000u
#define TOPIC_SIZE 100u

struct cell {
	unsigned id;
	struct intercell_platform platform;
	struct intercell_node node;
	struct intercell_hub hub;
	struct intercell_link links[PEERS];
	struct intercell_hub_link hub_links[PEERS];
	struct intercell_remote remotes[PEERS * REMOTES];
	struct intercell_channel channel;
	struct intercell_pending pending;
	struct intercell_request request;
	uint32_t *scratch;
	uint32_t next_sequence[PEERS];
	uint32_t sessions[PEERS];
	uint32_t sent;
	uint32_t heard;
	bool holds;
	bool asked;
};

static const struct intercell_message_size sizes[] = { { 4, 1000 }, { 8, 8 } };
static const uint32_t topics[] = { TOPIC_SIZE, 8 };
static const struct intercell_protocol protocol = { "fuzz", 0x1122334455667788u, sizes, topics, 2, 2 };
static struct cell cells[PEERS];
static uint32_t state_table[PEERS];
static uint32_t clock_now;
static uint32_t lives;

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	struct cell *cell = context;

	if (offset == INTERCELL_REGISTER_STATE)
		state_table[cell->id] = value;
	if (offset == INTERCELL_REGISTER_DOORBELL)
		REQUIRE(value >> 16 < PEERS && value >> 16 != cell->id);
}

static uint32_t read_clock(void *context)
{
	(void)context;
	return clock_now;
}

/* What a callback gets lies in private memory, as long as it says, and each byte of it can be read. */
static void check_data(const struct cell *cell, const struct intercell_message *message)
{
	const unsigned char *scratch = (const unsigned char *)cell->scratch;
	const unsigned char *data = message->data;
	unsigned sum = 0;

	REQUIRE(data >= scratch && data + message->length <= scratch + SECTION);
	for (uint32_t i = 0; i < message->length; i++)
		sum += data[i];
	REQUIRE(sum <= 255 * message->length);
}

static int on_message(struct intercell_channel *channel, const struct intercell_message *message)
{
	struct cell *cell = channel->context;
	uint16_t peer = message->link->peer;
	uint32_t value;

	check_data(cell, message);
	REQUIRE(message->number < 2 && message->length >= sizes[message->number].minimum &&
	        message->length <= sizes[message->number].maximum);
	memcpy(&value, message->data, 4);
	if (peer == WITNESS && !message->broadcast)
		REQUIRE(value == cell->heard++);
	if (cell->holds && !message->broadcast && peer == LIAR)
		return INTERCELL_HOLD;
	if (!message->broadcast) {
		if (cell->sessions[peer] != message->link->session)
			cell->next_sequence[peer] = 0;
		cell->sessions[peer] = message->link->session;
		REQUIRE(message->sequence >= cell->next_sequence[peer]);
		cell->next_sequence[peer] = message->sequence + 1;
	}
	return INTERCELL_OK;
}

static int on_request(struct intercell_channel *channel, const struct intercell_message *message,
                      const struct intercell_request *request)
{
	struct cell *cell = channel->context;
	uint32_t answer[2] = { 0, 0 };

	check_data(cell, message);
	cell->request = *request;
	cell->asked = true;
	if (cell->holds)
		return INTERCELL_OK;
	return intercell_request_reply(channel, request, 1, answer, 8) == INTERCELL_ENOBUFS ? INTERCELL_HOLD : 0;
}

static void on_cancel(struct intercell_channel *channel, const struct intercell_request *request)
{
	(void)channel;
	(void)request;
}

static void on_notice(struct intercell_channel *channel, struct intercell_link *link, enum intercell_notice notice,
                      const struct intercell_remote *remote)
{
	(void)channel;
	(void)link;
	if (notice != INTERCELL_NOTICE_UNDECODABLE)
		REQUIRE(remote && remote->name_length <= INTERCELL_NAME_MAX &&
		        remote->protocol_length <= INTERCELL_NAME_MAX);
}

static void on_done(struct intercell_pending *pending, int status, const struct intercell_message *reply)
{
	struct cell *cell = pending->context;

	REQUIRE(status <= 0);
	if (reply)
		check_data(cell, reply);
}

static void on_event(void *context, struct intercell_link *link, const struct intercell_event *event)
{
	struct cell *cell = context;

	/* The witness may look stalled, as the input turns the clock; its session stands. */
	if (cell->id == VICTIM && link->peer == WITNESS)
		REQUIRE(event->kind == INTERCELL_EVENT_UP || event->kind == INTERCELL_EVENT_STALLED ||
		        event->kind == INTERCELL_EVENT_BACK);
	if (event->kind == INTERCELL_EVENT_FAULT)
		REQUIRE(event->code >= INTERCELL_FAULT_CURSOR && event->code <= INTERCELL_FAULT_VERSION);
}

/* Boots a cell on its section as it is. */
static void boot(unsigned id)
{
	struct cell *cell = &cells[id];
	uint32_t *scratch = cell->scratch ? cell->scratch : malloc(SECTION);
	struct intercell_layout_options layout = { .section_size = SECTION,
		                                   .max_peers = PEERS,
		                                   .id = (uint16_t)id,
		                                   .peers = INTERCELL_DEFAULT,
		                                   .broadcast_bytes = INTERCELL_DEFAULT,
		                                   .latest_bytes = INTERCELL_DEFAULT };
	struct intercell_node_options node = { .state_table = state_table,
		                               .output = sections[id],
		                               .inputs = sections[VICTIM],
		                               .links = cell->links,
		                               .scratch_size = SECTION,
		                               .heartbeat_ms = 100,
		                               .interrupts = true,
		                               .on_event = on_event,
		                               .context = cell };

	running = id;
	memset(cell, 0, sizeof(*cell));
	cell->id = id;
	cell->scratch = scratch;
	cell->platform.write_register = write_register;
	cell->platform.clock_ms = read_clock;
	cell->platform.context = cell;
	node.platform = &cell->platform;
	node.scratch = scratch;
	node.epoch_seed = 1000 * ++lives;
	REQUIRE(intercell_layout_plan(&layout, &node.layout) == 0);
	REQUIRE(intercell_node_init(&cell->node, &node) == 0);
	/* The sections do not lie one behind the other here. */
	for (unsigned peer = 0; peer < PEERS; peer++)
		cell->links[peer].section = sections[peer];
	REQUIRE(intercell_hub_init(&cell->hub, &cell->node, cell->hub_links, cell->remotes, REMOTES) == 0);
	cell->channel.name = "fuzz";
	cell->channel.protocol = &protocol;
	cell->channel.on_message = on_message;
	cell->channel.on_request = on_request;
	cell->channel.on_cancel = on_cancel;
	cell->channel.on_notice = on_notice;
	cell->channel.context = cell;
	REQUIRE(intercell_channel_open(&cell->hub, &cell->channel) == 0);
	REQUIRE(intercell_node_start(&cell->node) == 0);
}

static void poll_cell(unsigned id)
{
	running = id;
	accesses = 0;
	(void)intercell_node_poll(&cells[id].node);
	REQUIRE(accesses < POLL_ACCESSES);
}

static int send(unsigned from, unsigned to, uint32_t value, uint32_t length)
{
	unsigned char data[1024] = { 0 };

	running = from;
	memcpy(data, &value, 4);
	return intercell_channel_send(&cells[from].channel, to, 0, data, length);
}

static void ask(unsigned from, unsigned to)
{
	struct cell *cell = &cells[from];
	uint32_t question = 1;

	running = from;
	cell->pending.done = on_done;
	cell->pending.context = cell;
	if (cell->pending.active)
		(void)intercell_pending_cancel(&cell->pending);
	else
		(void)intercell_channel_request(&cell->channel, to, 0, &question, 4, &cell->pending, 50);
}

static void read_latest(void)
{
	uint64_t value[TOPIC_SIZE / 8 + 1];

	running = VICTIM;
	accesses = 0;
	for (uint32_t topic = 0; topic < 2; topic++)
		REQUIRE(intercell_latest_read(&cells[VICTIM].channel, LIAR, topic, value) <= (int)topics[topic]);
	REQUIRE(accesses < POLL_ACCESSES);
}

static void sleep_and_wake(void)
{
	running = VICTIM;
	(void)intercell_node_prepare_sleep(&cells[VICTIM].node);
	intercell_node_wake(&cells[VICTIM].node);
}

static void witness_talks(void)
{
	if (send(WITNESS, VICTIM, cells[WITNESS].sent, 40) == 0)
		cells[WITNESS].sent++;
	poll_cell(WITNESS);
}

/* The liar's program ends and starts, on its section as it is; or its link is closed and opened. */
static void liar_restarts(uint32_t how)
{
	running = LIAR;
	if ((how & 1) != 0)
		state_table[LIAR] = 0;
	if ((how & 2) != 0)
		poll_cell(VICTIM);
	boot(LIAR);
}

static void victim_closes(uint32_t how)
{
	struct intercell_link *link = &cells[VICTIM].links[LIAR];

	running = VICTIM;
	if ((how & 1) != 0)
		intercell_link_close(link);
	else
		(void)intercell_link_open(link);
}

static void liar_publishes(uint32_t size)
{
	unsigned char value[TOPIC_SIZE] = { 0 };

	running = LIAR;
	(void)intercell_latest_publish(&cells[LIAR].channel, 0, value, size % (TOPIC_SIZE + 1));
	(void)intercell_channel_broadcast(&cells[LIAR].channel, 0, value, 4 + size % 90);
}

/* One thing happens, as the input says. */
static void step(void)
{
	uint32_t what = take_byte();
	uint32_t how = take_byte();

	switch (what & 15) {
	case 6:
	case 7:
		poll_cell(LIAR);
		break;
	case 8:
		witness_talks();
		break;
	case 9:
		(void)send(LIAR, VICTIM, how, 4 + how * 3);
		break;
	case 10:
		(void)send(VICTIM, LIAR, how, 4 + how * 3);
		break;
	case 11:
		liar_publishes(how);
		break;
	case 12:
		read_latest();
		break;
	case 13:
		ask((how & 1) != 0 ? VICTIM : LIAR, (how & 1) != 0 ? LIAR : VICTIM);
		break;
	case 14:
		change_word((how << 8 | take_byte()) * 4u, take_value(0));
		break;
	case 15:
		if ((how & 15) == 0)
			liar_restarts(how >> 4);
		else if ((how & 15) == 1)
			victim_closes(how >> 4);
		else if ((how & 15) == 2)
			state_table[LIAR] = how >> 4;
		else if ((how & 15) == 3)
			cells[VICTIM].holds = (how & 16) != 0;
		else if ((how & 15) == 4)
			clock_now += how;
		else
			sleep_and_wake();
		break;
	default:
		poll_cell(VICTIM);
	}
}

static void settle(void)
{
	for (int round = 0; round < 12; round++)
		for (unsigned id = 0; id < PEERS; id++)
			poll_cell(id);
}

/* The liar starts on a section that is wiped, with epochs that the victim has not seen. */
static void check_welcome(void)
{
	struct cell *victim = &cells[VICTIM];

	interrupting = false;
	victim->holds = false;
	running = VICTIM;
	(void)intercell_link_open(&victim->links[LIAR]);
	memset(sections[LIAR], 0, SECTION);
	state_table[LIAR] = 0;
	while (1000 * (lives + 1) + 1 == victim->links[LIAR].spent ||
	       1000 * (lives + 1) + 1 == victim->links[LIAR].peer_epoch)
		lives++;
	boot(LIAR);
	settle();
	REQUIRE(victim->links[LIAR].phase == INTERCELL_PHASE_READY);
	REQUIRE(send(LIAR, VICTIM, 1, 500) == 0 && send(VICTIM, LIAR, 1, 500) == 0);
	settle();
	REQUIRE(victim->next_sequence[LIAR] == cells[LIAR].links[VICTIM].tx.sequence);
	REQUIRE(cells[LIAR].next_sequence[VICTIM] == victim->links[LIAR].tx.sequence);
	REQUIRE(victim->heard == cells[WITNESS].sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	interrupting = false;
	countdown = 0;
	changed_offset = 0;
	changed_value = 0;
	clock_now = 1000;
	lives = 0;
	memset(state_table, 0, sizeof(state_table));
	for (unsigned id = 0; id < PEERS; id++) {
		if (!sections[id])
			sections[id] = malloc(SECTION);
		memset(sections[id], 0, SECTION);
	}
	input = data;
	input_left = size;
	if (take_byte() & 1) {
		for (unsigned id = 0; id < PEERS; id++)
			boot(id);
		settle();
		interrupting = true;
	} else {
		interrupting = true;
		for (unsigned id = 0; id < PEERS; id++)
			boot(id);
	}
	while (input_left > 0)
		step();
	check_welcome();
	return 0;
}
