/* SPDX-License-Identifier: MIT */
/*
 * A cell of a simulated machine that gives back what it gets, by the generated header of the protocol "everything":
 * messages as messages, logs also as broadcasts, whole values also as topics, and requests as replies.
 */
#include "everything.h"
#include "intercell_sim.h"

#include <errno.h>

#define PEERS 3
#define REMOTES 2
#define ROOT_CELL 0
#define WAIT_MS 20

static struct intercell_sim sim;
static struct intercell_link links[PEERS];
static struct intercell_hub_link hub_links[PEERS];
static struct intercell_remote remotes[PEERS * REMOTES];
static _Alignas(8) unsigned char scratch[0x2000];
static struct intercell_platform platform;
static struct intercell_node node;
static struct intercell_hub hub;
static struct intercell_channel channel;
static struct everything_handlers handlers;

static uint32_t read_register(void *context, uint32_t offset)
{
	return intercell_sim_read((struct intercell_sim *)context, offset);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	intercell_sim_write((struct intercell_sim *)context, offset, value);
}

static int hold_if_full(int status)
{
	return status == INTERCELL_ENOBUFS ? INTERCELL_HOLD : INTERCELL_OK;
}

static int on_everything(struct intercell_channel *from, const struct intercell_message *message,
			 const struct everything_everything *value)
{
	(void)message;
	(void)everything_publish_state(from, value);
	return hold_if_full(everything_send_everything(from, ROOT_CELL, value));
}

static int on_log(struct intercell_channel *from, const struct intercell_message *message,
		  const struct everything_log *value)
{
	(void)message;
	(void)everything_publish_last(from, value);
	(void)everything_broadcast_alarm(from, value);
	return hold_if_full(everything_send_log(from, ROOT_CELL, value));
}

static int on_ping(struct intercell_channel *from, const struct intercell_message *message)
{
	(void)message;
	return hold_if_full(everything_send_ping(from, ROOT_CELL));
}

static int on_request_echo(struct intercell_channel *from, const struct intercell_request *request,
			   const struct everything_everything *value)
{
	return hold_if_full(everything_reply_echo(from, request, value));
}

static int on_request_reset(struct intercell_channel *from, const struct intercell_request *request)
{
	return hold_if_full(everything_reply_reset(from, request));
}

static int on_request_add(struct intercell_channel *from, const struct intercell_request *request,
			  const struct everything_counter *value)
{
	(void)value;
	return hold_if_full(everything_fail(from, request, "cannot add"));
}

static int start(void)
{
	struct intercell_layout_options layout;
	struct intercell_node_options options = { 0 };
	uint32_t peer;
	int status;

	layout.section_size = (uint32_t)sim.output_bytes;
	layout.max_peers = (uint16_t)sim.max_peers;
	layout.id = (uint16_t)sim.peer;
	layout.peers = INTERCELL_DEFAULT;
	layout.broadcast_bytes = INTERCELL_DEFAULT;
	layout.latest_bytes = INTERCELL_DEFAULT;
	platform.read_register = read_register;
	platform.write_register = write_register;
	platform.context = &sim;
	options.platform = &platform;
	options.state_table = (const void *)sim.state_table;
	options.output = sim.output;
	options.inputs = sim.inputs[0];
	options.links = links;
	options.scratch = scratch;
	options.scratch_size = sizeof(scratch);
	options.epoch_seed = 1;
	options.interrupts = true;
	status = intercell_layout_plan(&layout, &options.layout);
	if (status == INTERCELL_OK)
		status = intercell_node_init(&node, &options);
	for (peer = 0; status == INTERCELL_OK && peer < sim.max_peers; peer++)
		intercell_node_place(&node, peer, sim.inputs[peer]);
	if (status == INTERCELL_OK)
		status = intercell_hub_init(&hub, &node, hub_links, remotes, REMOTES);
	handlers.on_everything = on_everything;
	handlers.on_log = on_log;
	handlers.on_ping = on_ping;
	handlers.on_request_echo = on_request_echo;
	handlers.on_request_reset = on_request_reset;
	handlers.on_request_add = on_request_add;
	if (status == INTERCELL_OK)
		status = everything_open(&hub, &channel, "mirror", &handlers);
	return status == INTERCELL_OK ? intercell_node_start(&node) : status;
}

int main(void)
{
	int error = intercell_sim_open(&sim, NULL, 0, -1);

	if (error < 0)
		return -error;
	error = start();
	while (error >= 0 || error == -EINTR) {
		(void)intercell_node_poll(&node);
		error = intercell_node_prepare_sleep(&node) ? intercell_sim_wait(&sim, WAIT_MS) : 0;
		intercell_node_wake(&node);
	}
	intercell_sim_close(&sim);
	return error == -ESHUTDOWN ? 0 : -error;
}
