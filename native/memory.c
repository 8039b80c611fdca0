// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Owned by the ArrayBuffer, whose finalizer frees it. */
struct mapping {
	struct node node;
	/* NULL once unmapped. */
	void *address;
	size_t length;
};

int memory_map(int fd, size_t length, int64_t offset, int protection,
	       void **address)
{
	struct statx status;
	void *mapped;

	/* fstat would bind the prebuilt addon to glibc 2.33, statx to 2.28 */
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &status) < 0)
		return -errno;
	if (S_ISREG(status.stx_mode) &&
	    ((uint64_t)offset > status.stx_size ||
	     length > status.stx_size - offset))
		return -ENXIO;
	mapped = mmap(NULL, length, protection, MAP_SHARED, fd, offset);
	if (mapped == MAP_FAILED)
		return -errno;
	*address = mapped;
	return 0;
}

static void mapping_release(struct mapping *mapping)
{
	if (!mapping->address)
		return;
	munmap(mapping->address, mapping->length);
	mapping->address = NULL;
	node_remove(&mapping->node);
}

static void mapping_finalize(napi_env env, void *data, void *hint)
{
	struct mapping *mapping = hint;

	(void)env;
	(void)data;
	mapping_release(mapping);
	free(mapping);
}

void memory_release_all(struct addon *addon)
{
	while (!node_is_empty(&addon->mappings))
		mapping_release((struct mapping *)addon->mappings.next);
}

static napi_value mapMemory(napi_env env, napi_callback_info info)
{
	struct mapping *mapping;
	struct call call;
	int64_t length, offset;
	napi_value buffer;
	void *address;
	bool writable;
	int fd, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_integer(env, call.arguments[1], "sizeBytes", 1, UINT32_MAX,
			    &length));
	REQUIRE(get_integer(env, call.arguments[2], "offsetBytes", 0,
			    (int64_t)1 << 52, &offset));
	REQUIRE(get_boolean(env, call.arguments[3], "writable", &writable));
	error = memory_map(fd, length, offset,
			   writable ? PROT_READ | PROT_WRITE : PROT_READ,
			   &address);
	if (error)
		return make_result(env, error);
	mapping = malloc(sizeof(*mapping));
	if (!mapping) {
		munmap(address, length);
		return make_result(env, -ENOMEM);
	}
	mapping->address = address;
	mapping->length = length;
	node_add(&call.addon->mappings, &mapping->node);
	if (napi_create_external_arraybuffer(env, address, length,
					     mapping_finalize, mapping,
					     &buffer) != napi_ok) {
		mapping_release(mapping);
		free(mapping);
		return addon_fail(env);
	}
	return buffer;
}

static struct mapping *mapping_find(const struct addon *addon,
				    const void *address)
{
	struct node *node;

	for (node = addon->mappings.next; node != &addon->mappings;
	     node = node->next)
		if (((struct mapping *)node)->address == address)
			return (struct mapping *)node;
	return NULL;
}

/* Detaching comes first, so that no view outlives the memory. */
static napi_value unmapMemory(napi_env env, napi_callback_info info)
{
	struct mapping *mapping = NULL;
	struct call call;
	bool is_buffer = false, detached = false;
	void *address = NULL;

	REQUIRE(call_begin(env, info, &call));
	TRY(env, napi_is_arraybuffer(env, call.arguments[0], &is_buffer));
	if (is_buffer) {
		TRY(env, napi_is_detached_arraybuffer(env, call.arguments[0],
						      &detached));
		if (detached)
			return make_result(env, 0);
		TRY(env, napi_get_arraybuffer_info(env, call.arguments[0],
						   &address, NULL));
		mapping = address ? mapping_find(call.addon, address) : NULL;
	}
	if (!mapping) {
		napi_throw_type_error(
			env, NULL,
			"The buffer must come from mapMemory of this thread");
		return NULL;
	}
	TRY(env, napi_detach_arraybuffer(env, call.arguments[0]));
	/* A finalizer inside the detach may have come first. */
	mapping = mapping_find(call.addon, address);
	if (mapping)
		mapping_release(mapping);
	return make_result(env, 0);
}

napi_status memory_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(mapMemory),
		EXPORT(unmapMemory),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
