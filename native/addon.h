/* SPDX-License-Identifier: MIT */
#ifndef INTERCELL_ADDON_H
#define INTERCELL_ADDON_H

#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Returns from a function with an exception pending if a call failed. */
#define TRY(env, call)                                                         \
	do {                                                                   \
		if ((call) != napi_ok)                                         \
			return addon_fail(env);                                \
	} while (0)

/* Returns from a function whose callee has left an exception pending. */
#define REQUIRE(condition)                                                     \
	do {                                                                   \
		if (!(condition))                                              \
			return NULL;                                           \
	} while (0)

#define EXPORT(name)                                                           \
	{ #name, NULL, name, NULL, NULL, NULL, napi_enumerable, NULL }

/* A member of one of the addon's lists of what must be released with it. */
struct node {
	struct node *previous;
	struct node *next;
};

/* State of one environment: the main thread or a worker. */
struct addon {
	uv_loop_t *loop;
	struct node mappings;
	struct node registers;
	struct node pollers;
	struct node can_receivers;
	struct node hypervisors;
	/* By descriptor: whether this environment opened it. */
	bool *owned;
	size_t owned_length;
	/* Handles whose close callback is outstanding. */
	unsigned int closing;
	napi_async_cleanup_hook_handle cleanup;
	bool ending;
};

/* The addon's state and the arguments of the call under way. */
struct call {
	struct addon *addon;
	napi_value arguments[8];
};

/* addon.c */
void node_init(struct node *list);
void node_add(struct node *list, struct node *node);
void node_remove(struct node *node);
bool node_is_empty(const struct node *list);
void addon_handle_closed(struct addon *addon);

/* arguments.c: all throw TypeError or RangeError if they return false/NULL */
napi_value addon_fail(napi_env env);
bool call_begin(napi_env env, napi_callback_info info, struct call *call);
bool get_integer(napi_env env, napi_value value, const char *name, int64_t low,
		 int64_t high, int64_t *result);
bool get_descriptor(napi_env env, napi_value value, int *result);
bool get_descriptors(napi_env env, napi_value array, const char *name,
		     uint32_t max, int *result, uint32_t *count);
/* A Uint8Array of at least one byte. */
bool get_bytes(napi_env env, napi_value value, const char *name, void **bytes,
	       size_t *length);
bool get_boolean(napi_env env, napi_value value, const char *name,
		 bool *result);
bool get_name(napi_env env, napi_value value, const char *name, char *result,
	      size_t capacity);
void *get_handle(napi_env env, napi_value value, const char *name,
		 const napi_type_tag *tag);
napi_value make_result(napi_env env, int64_t result);
bool set_number(napi_env env, napi_value object, const char *key,
		double value);

/* One for each object: the functions it gives to JavaScript. */
napi_status descriptor_export(napi_env env, napi_value exports);
napi_status frames_export(napi_env env, napi_value exports);
napi_status memory_export(napi_env env, napi_value exports);
napi_status registers_export(napi_env env, napi_value exports);
napi_status socket_export(napi_env env, napi_value exports);
napi_status netlink_export(napi_env env, napi_value exports);
napi_status ethtool_export(napi_env env, napi_value exports);
napi_status poller_export(napi_env env, napi_value exports);
napi_status can_interface_export(napi_env env, napi_value exports);
napi_status can_receiver_export(napi_env env, napi_value exports);
napi_status can_socket_export(napi_env env, napi_value exports);
napi_status isotp_socket_export(napi_env env, napi_value exports);
napi_status ring_export(napi_env env, napi_value exports);
napi_status sim_registers_export(napi_env env, napi_value exports);
napi_status packet_socket_export(napi_env env, napi_value exports);
napi_status tap_export(napi_env env, napi_value exports);

/* Release everything of an ending environment. */
void descriptor_close_all(struct addon *addon);
void memory_release_all(struct addon *addon);
void registers_release_all(struct addon *addon);
void poller_close_all(struct addon *addon);
void can_receiver_close_all(struct addon *addon);
void sim_hypervisor_release_all(struct addon *addon);

/*
 * Notes that the environment opened a descriptor, so that a worker's go with
 * it as those of fs.open do. Takes and returns a descriptor or -errno.
 */
int descriptor_own(struct addon *addon, int fd);

/* Whether a poller of this environment watches the descriptor. */
bool poller_watches(const struct addon *addon, int fd);

/* Whether a CAN receiver of this environment watches the descriptor. */
bool can_receiver_watches(const struct addon *addon, int fd);

/*
 * Maps shared memory. Returns 0 or -errno; -ENXIO if the range goes beyond
 * the end of a regular file or memfd, where a store would be SIGBUS.
 */
int memory_map(int fd, size_t length, int64_t offset, int protection,
	       void **address);

#endif
