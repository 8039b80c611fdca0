// SPDX-License-Identifier: MIT
#include "addon.h"

#include <stdlib.h>

void node_init(struct node *list)
{
	list->previous = list;
	list->next = list;
}

void node_add(struct node *list, struct node *node)
{
	node->previous = list->previous;
	node->next = list;
	list->previous->next = node;
	list->previous = node;
}

void node_remove(struct node *node)
{
	node->previous->next = node->next;
	node->next->previous = node->previous;
	node_init(node);
}

bool node_is_empty(const struct node *list)
{
	return list->next == list;
}

static void addon_end_if_idle(struct addon *addon)
{
	if (!addon->ending || addon->closing > 0 || !addon->cleanup)
		return;
	napi_remove_async_cleanup_hook(addon->cleanup);
	addon->cleanup = NULL;
}

void addon_handle_closed(struct addon *addon)
{
	addon->closing--;
	addon_end_if_idle(addon);
}

/*
 * The hook is asynchronous since the loop must outlive each poller's close
 * callback. It runs when no JavaScript can run any more.
 */
static void addon_cleanup(napi_async_cleanup_hook_handle hook, void *data)
{
	struct addon *addon = data;

	(void)hook;
	addon->ending = true;
	poller_close_all(addon);
	can_receiver_close_all(addon);
	registers_release_all(addon);
	sim_hypervisor_release_all(addon);
	memory_release_all(addon);
	descriptor_close_all(addon);
	addon_end_if_idle(addon);
}

static void addon_finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	free(data);
}

NAPI_MODULE_INIT()
{
	struct addon *addon = calloc(1, sizeof(*addon));

	if (!addon) {
		napi_throw_error(env, "ENOMEM", "Cannot load for lack of memory");
		return NULL;
	}
	node_init(&addon->mappings);
	node_init(&addon->registers);
	node_init(&addon->pollers);
	node_init(&addon->can_receivers);
	node_init(&addon->hypervisors);
	if (napi_set_instance_data(env, addon, addon_finalize, NULL) !=
	    napi_ok) {
		free(addon);
		return addon_fail(env);
	}
	TRY(env, napi_get_uv_event_loop(env, &addon->loop));
	TRY(env, napi_add_async_cleanup_hook(env, addon_cleanup, addon,
					     &addon->cleanup));
	TRY(env, descriptor_export(env, exports));
	TRY(env, frames_export(env, exports));
	TRY(env, memory_export(env, exports));
	TRY(env, registers_export(env, exports));
	TRY(env, socket_export(env, exports));
	TRY(env, netlink_export(env, exports));
	TRY(env, ethtool_export(env, exports));
	TRY(env, poller_export(env, exports));
	TRY(env, can_interface_export(env, exports));
	TRY(env, can_receiver_export(env, exports));
	TRY(env, can_socket_export(env, exports));
	TRY(env, isotp_socket_export(env, exports));
	TRY(env, ring_export(env, exports));
	TRY(env, sim_registers_export(env, exports));
	TRY(env, packet_socket_export(env, exports));
	TRY(env, tap_export(env, exports));
	return exports;
}
