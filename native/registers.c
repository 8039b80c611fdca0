// SPDX-License-Identifier: MIT
#include "registers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

const napi_type_tag registers_tag = { 0x5d1f0ab4c7e94f21, 0x9b3a62e1d8804c57 };

static void registers_release(struct registers *registers)
{
	if (!registers->open)
		return;
	registers->open = false;
	if (registers->simulated)
		sim_device_close(&registers->sim);
	else
		munmap((void *)registers->page, registers->length);
	node_remove(&registers->node);
}

void registers_unuse(struct registers *registers)
{
	if (--registers->users > 0)
		return;
	registers_release(registers);
	free(registers);
}

void registers_release_all(struct addon *addon)
{
	while (!node_is_empty(&addon->registers))
		registers_release((struct registers *)addon->registers.next);
}

/*
 * The page of a real device is trapped by the hypervisor, which knows plain
 * integer loads and stores only: the accesses must stay one aligned 32-bit
 * instruction each. The barriers order them with accesses to shared memory.
 */
int64_t registers_read(const struct registers *registers, uint32_t offset)
{
	uint32_t value;

	if (!registers->open)
		return -EBADF;
	if (registers->simulated)
		return sim_hv_read(registers->sim.hv, registers->sim.state,
				   registers->sim.self, offset);
	value = registers->page[offset / 4];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return value;
}

int registers_write(struct registers *registers, uint32_t offset,
		    uint32_t value)
{
	if (!registers->open)
		return -EBADF;
	if (registers->simulated) {
		sim_hv_write(registers->sim.hv, registers->sim.state,
			     registers->sim.self, offset, value,
			     registers->sim.efds);
		return 0;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	registers->page[offset / 4] = value;
	return 0;
}

static void registers_finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	registers_unuse(data);
}

napi_value registers_wrap(napi_env env, struct addon *addon,
			  struct registers *registers)
{
	napi_value handle;

	registers->open = true;
	registers->users = 1;
	node_add(&addon->registers, &registers->node);
	if (napi_create_external(env, registers, registers_finalize, NULL,
				 &handle) != napi_ok) {
		registers_unuse(registers);
		return addon_fail(env);
	}
	TRY(env, napi_type_tag_object(env, handle, &registers_tag));
	return handle;
}

bool get_register_offset(napi_env env, napi_value value,
			 const struct registers *registers, uint32_t *offset)
{
	int64_t number;

	if (!get_integer(env, value, "offsetBytes", 0, registers->length - 4,
			 &number))
		return false;
	if (number % 4) {
		napi_throw_range_error(env, NULL,
				       "offsetBytes must be a multiple of 4");
		return false;
	}
	*offset = number;
	return true;
}

static napi_value mapRegisters(napi_env env, napi_callback_info info)
{
	struct registers *registers;
	int64_t length, offset;
	struct call call;
	void *page;
	int fd, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_integer(env, call.arguments[1], "sizeBytes", 4, 1 << 20,
			    &length));
	REQUIRE(get_integer(env, call.arguments[2], "offsetBytes", 0,
			    (int64_t)1 << 52, &offset));
	if (length % 4) {
		napi_throw_range_error(env, NULL,
				       "sizeBytes must be a multiple of 4");
		return NULL;
	}
	error = memory_map(fd, length, offset, PROT_READ | PROT_WRITE, &page);
	if (error)
		return make_result(env, error);
	registers = calloc(1, sizeof(*registers));
	if (!registers) {
		munmap(page, length);
		return make_result(env, -ENOMEM);
	}
	registers->page = page;
	registers->length = length;
	return registers_wrap(env, call.addon, registers);
}

static napi_value readRegister(napi_env env, napi_callback_info info)
{
	struct registers *registers;
	struct call call;
	uint32_t offset;

	REQUIRE(call_begin(env, info, &call));
	registers = get_handle(env, call.arguments[0], "registers",
			       &registers_tag);
	REQUIRE(registers);
	REQUIRE(get_register_offset(env, call.arguments[1], registers,
				    &offset));
	return make_result(env, registers_read(registers, offset));
}

static napi_value writeRegister(napi_env env, napi_callback_info info)
{
	struct registers *registers;
	struct call call;
	uint32_t offset;
	int64_t value;

	REQUIRE(call_begin(env, info, &call));
	registers = get_handle(env, call.arguments[0], "registers",
			       &registers_tag);
	REQUIRE(registers);
	REQUIRE(get_register_offset(env, call.arguments[1], registers,
				    &offset));
	REQUIRE(get_integer(env, call.arguments[2], "value", 0, UINT32_MAX,
			    &value));
	return make_result(env, registers_write(registers, offset, value));
}

static napi_value unmapRegisters(napi_env env, napi_callback_info info)
{
	struct registers *registers;
	struct call call;

	REQUIRE(call_begin(env, info, &call));
	registers = get_handle(env, call.arguments[0], "registers",
			       &registers_tag);
	REQUIRE(registers);
	registers_release(registers);
	return NULL;
}

napi_status registers_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(mapRegisters),
		EXPORT(readRegister),
		EXPORT(writeRegister),
		EXPORT(unmapRegisters),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
