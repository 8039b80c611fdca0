/* SPDX-License-Identifier: MIT */
#include "jitter_inmate.h"

static struct jitter_inmate *inmate_of(struct intercell_channel *channel)
{
	return (struct jitter_inmate *)jitter_handlers_of(channel)->context;
}

static uint64_t now_ns(const struct jitter_inmate *inmate)
{
	return inmate->machine->now_ns(inmate->machine->platform.context);
}

/* A full ring keeps the request for a later poll; a requester that is gone has no use for the answer. */
static int answered(int status)
{
	return status == INTERCELL_ENOBUFS ? INTERCELL_HOLD : INTERCELL_OK;
}

static int reset(struct intercell_channel *channel, const struct intercell_request *request,
                 const struct jitter_reset_statistics *value)
{
	struct jitter_statistics *statistics = &inmate_of(channel)->statistics;
	int status = jitter_reply_reset(channel, request, statistics);

	(void)value;
	if (status == INTERCELL_OK) {
		statistics->ticks = 0;
		statistics->min_ns = 0;
		statistics->max_ns = 0;
	}
	return answered(status);
}

static int echo(struct intercell_channel *channel, const struct intercell_request *request,
                const struct jitter_echo *value)
{
	return answered(jitter_reply_echo(channel, request, value));
}

/* The timer starts when the root cell is there, and then goes on through its restarts. */
static void noticed(struct intercell_channel *channel, struct intercell_link *link, enum intercell_notice notice,
                    const struct intercell_remote *remote)
{
	struct jitter_inmate *inmate = inmate_of(channel);

	(void)remote;
	if (notice != INTERCELL_NOTICE_MATCHED || link->peer != JITTER_ROOT_CELL || inmate->ticking)
		return;
	inmate->ticking = true;
	inmate->deadline_ns = now_ns(inmate) + JITTER_PERIOD_NS;
}

static void fire(struct jitter_inmate *inmate, uint64_t jitter_ns)
{
	struct jitter_statistics *statistics = &inmate->statistics;
	struct jitter_measurement measurement;

	if (statistics->ticks == 0 || jitter_ns < statistics->min_ns)
		statistics->min_ns = jitter_ns;
	if (jitter_ns > statistics->max_ns)
		statistics->max_ns = jitter_ns;
	statistics->ticks++;
	statistics->last_tick++;
	measurement.tick = statistics->last_tick;
	measurement.unsent = inmate->unsent;
	measurement.jitter_ns = jitter_ns;
	measurement.min_ns = statistics->min_ns;
	measurement.max_ns = statistics->max_ns;
	/* An inmate with a timer to serve does not wait for the root cell: it counts what it could not send. */
	if (jitter_send_measurement(&inmate->channel, JITTER_ROOT_CELL, &measurement) < 0)
		inmate->unsent++;
}

/* Programmed anew at each firing, as Jailhouse's demo inmate does, so that lateness does not add up. */
static void tick(struct jitter_inmate *inmate)
{
	uint64_t now = now_ns(inmate);

	if (!inmate->ticking || now < inmate->deadline_ns)
		return;
	fire(inmate, now - inmate->deadline_ns);
	inmate->deadline_ns = now_ns(inmate) + JITTER_PERIOD_NS;
}

static int plan(const struct jitter_machine *machine, struct intercell_layout *layout)
{
	const struct intercell_platform *platform = &machine->platform;
	struct intercell_layout_options options;
	uint32_t peers = platform->read_register(platform->context, INTERCELL_REGISTER_MAX_PEERS);

	if (peers > JITTER_PEERS_MAX)
		return INTERCELL_ENOSPC;
	options.section_size = machine->output_bytes;
	options.max_peers = (uint16_t)peers;
	options.id = (uint16_t)platform->read_register(platform->context, INTERCELL_REGISTER_ID);
	options.peers = 1u << JITTER_ROOT_CELL;
	options.broadcast_bytes = 0;
	options.latest_bytes = JITTER_LATEST_BYTES;
	return intercell_layout_plan(&options, layout);
}

static int init(struct jitter_inmate *inmate, const struct jitter_machine *machine)
{
	static struct intercell_node_options options;
	int status = plan(machine, &options.layout);
	uint32_t peer;

	if (status < 0)
		return status;
	options.platform = &machine->platform;
	options.state_table = machine->state_table;
	options.output = machine->output;
	options.inputs = machine->inputs ? machine->inputs : machine->sections[0];
	options.links = inmate->links;
	options.scratch = inmate->scratch;
	options.scratch_size = JITTER_SCRATCH_BYTES;
	options.epoch_seed = machine->epoch_seed;
	options.heartbeat_ms = JITTER_HEARTBEAT_MS;
	options.interrupts = machine->interrupts;
	status = intercell_node_init(&inmate->node, &options);
	if (status < 0)
		return status;
	for (peer = 0; !machine->inputs && peer < options.layout.max_peers; peer++)
		intercell_node_place(&inmate->node, peer, machine->sections[peer]);
	return intercell_hub_init(&inmate->hub, &inmate->node, inmate->hub_links, inmate->remotes, JITTER_REMOTES);
}

int jitter_start(struct jitter_inmate *inmate, const struct jitter_machine *machine)
{
	int status;

	inmate->machine = machine;
	inmate->handlers.on_request_reset = reset;
	inmate->handlers.on_request_echo = echo;
	inmate->handlers.noticed = noticed;
	inmate->handlers.context = inmate;
	status = init(inmate, machine);
	if (status == INTERCELL_OK)
		status = jitter_open(&inmate->hub, &inmate->channel, "jitter", &inmate->handlers);
	return status < 0 ? status : intercell_node_start(&inmate->node);
}

uint64_t jitter_run(struct jitter_inmate *inmate)
{
	uint64_t now;

	do
		tick(inmate);
	while (intercell_node_poll(&inmate->node) > 0);
	now = now_ns(inmate);
	if (!inmate->ticking || inmate->deadline_ns > now + JITTER_POLL_NS)
		return JITTER_POLL_NS;
	return inmate->deadline_ns > now ? inmate->deadline_ns - now : 0;
}
