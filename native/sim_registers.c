// SPDX-License-Identifier: MIT
#include "registers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const napi_type_tag hypervisor_tag = { 0xe40c7a93b1584d02,
					      0x86fd2b60cf1e47b9 };

/* The broker's side of a simulated device. */
struct sim_hypervisor {
	struct node node;
	bool open;
	struct sim_device device;
};

/* Copes with a device that is open in part, as after sim_device_open. */
void sim_device_close(struct sim_device *device)
{
	uint32_t peer;

	for (peer = 0; peer < device->max_peers; peer++)
		if (device->efds[peer] >= 0)
			close(device->efds[peer]);
	device->max_peers = 0;
	if (device->state)
		munmap(device->state, device->state_bytes);
	if (device->hv)
		munmap(device->hv, SIM_HV_PAGE_BYTES);
	device->state = NULL;
	device->hv = NULL;
}

static int map_for_writing(int fd, size_t length, void **address)
{
	return memory_map(fd, length, 0, PROT_READ | PROT_WRITE, address);
}

/* Returns 0 or -errno; the caller closes the device in either case. */
static int sim_device_open(struct sim_device *device, int hypervisor,
			   int state_table, const int *efds, uint32_t count)
{
	void *address;
	int error;

	error = map_for_writing(hypervisor, SIM_HV_PAGE_BYTES, &address);
	if (error)
		return error;
	device->hv = address;
	error = sim_hv_check(device->hv);
	if (error)
		return error;
	if (count != device->hv->max_peers)
		return -EINVAL;
	device->state_bytes = count * sizeof(uint32_t);
	error = map_for_writing(state_table, device->state_bytes, &address);
	if (error)
		return error;
	device->state = address;
	while (device->max_peers < count) {
		int copy = fcntl(efds[device->max_peers], F_DUPFD_CLOEXEC, 0);

		if (copy < 0)
			return -errno;
		device->efds[device->max_peers++] = copy;
	}
	return 0;
}

/* Takes the three arguments that make a device; 0, -errno, 1 = exception */
static int get_device(napi_env env, const napi_value *arguments,
		      struct sim_device *device)
{
	int hypervisor, state_table, efds[SIM_HV_MAX_PEERS];
	uint32_t count;
	int error;

	if (!get_descriptor(env, arguments[0], &hypervisor) ||
	    !get_descriptor(env, arguments[1], &state_table) ||
	    !get_descriptors(env, arguments[2], "eventfds", SIM_HV_MAX_PEERS,
			     efds, &count))
		return 1;
	error = sim_device_open(device, hypervisor, state_table, efds, count);
	if (error)
		sim_device_close(device);
	return error;
}

static napi_value createSimRegisters(napi_env env, napi_callback_info info)
{
	struct sim_device device = { 0 };
	struct registers *registers;
	struct call call;
	int64_t peer;
	int error;

	REQUIRE(call_begin(env, info, &call));
	error = get_device(env, call.arguments, &device);
	REQUIRE(error <= 0);
	if (error)
		return make_result(env, error);
	if (!get_integer(env, call.arguments[3], "peer", 0,
			 device.max_peers - 1, &peer)) {
		sim_device_close(&device);
		return NULL;
	}
	registers = calloc(1, sizeof(*registers));
	if (!registers) {
		sim_device_close(&device);
		return make_result(env, -ENOMEM);
	}
	device.self = peer;
	registers->simulated = true;
	registers->sim = device;
	registers->length = SIM_HV_PAGE_BYTES;
	return registers_wrap(env, call.addon, registers);
}

static napi_value simInitialise(napi_env env, napi_callback_info info)
{
	int64_t max_peers, vectors, protocol;
	struct call call;
	void *page;
	int fd, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_integer(env, call.arguments[1], "maxPeers", 1,
			    SIM_HV_MAX_PEERS, &max_peers));
	REQUIRE(get_integer(env, call.arguments[2], "vectors", 0,
			    SIM_HV_MAX_VECTORS, &vectors));
	REQUIRE(get_integer(env, call.arguments[3], "protocol", 0, UINT16_MAX,
			    &protocol));
	error = map_for_writing(fd, SIM_HV_PAGE_BYTES, &page);
	if (error)
		return make_result(env, error);
	sim_hv_initialise(page, max_peers, vectors, protocol);
	munmap(page, SIM_HV_PAGE_BYTES);
	return make_result(env, 0);
}

static void hypervisor_release(struct sim_hypervisor *hypervisor)
{
	if (!hypervisor->open)
		return;
	hypervisor->open = false;
	sim_device_close(&hypervisor->device);
	node_remove(&hypervisor->node);
}

void sim_hypervisor_release_all(struct addon *addon)
{
	struct node *list = &addon->hypervisors;

	while (!node_is_empty(list))
		hypervisor_release((struct sim_hypervisor *)list->next);
}

static void hypervisor_finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	hypervisor_release(data);
	free(data);
}

static napi_value simOpen(napi_env env, napi_callback_info info)
{
	struct sim_hypervisor *hypervisor;
	struct sim_device device = { 0 };
	napi_value handle;
	struct call call;
	int error;

	REQUIRE(call_begin(env, info, &call));
	error = get_device(env, call.arguments, &device);
	REQUIRE(error <= 0);
	if (error)
		return make_result(env, error);
	hypervisor = calloc(1, sizeof(*hypervisor));
	if (!hypervisor) {
		sim_device_close(&device);
		return make_result(env, -ENOMEM);
	}
	hypervisor->open = true;
	hypervisor->device = device;
	node_add(&call.addon->hypervisors, &hypervisor->node);
	if (napi_create_external(env, hypervisor, hypervisor_finalize, NULL,
				 &handle) != napi_ok) {
		hypervisor_release(hypervisor);
		free(hypervisor);
		return addon_fail(env);
	}
	TRY(env, napi_type_tag_object(env, handle, &hypervisor_tag));
	return handle;
}

static struct sim_hypervisor *get_hypervisor(napi_env env,
					     napi_callback_info info,
					     struct call *call)
{
	REQUIRE(call_begin(env, info, call));
	return get_handle(env, call->arguments[0], "a simulated hypervisor",
			  &hypervisor_tag);
}

static napi_value simAttach(napi_env env, napi_callback_info info)
{
	struct sim_hypervisor *hypervisor;
	struct sim_device *device;
	struct call call;
	int64_t peer;

	hypervisor = get_hypervisor(env, info, &call);
	REQUIRE(hypervisor);
	if (!hypervisor->open)
		return make_result(env, -EBADF);
	device = &hypervisor->device;
	REQUIRE(get_integer(env, call.arguments[1], "peer", 0,
			    device->max_peers - 1, &peer));
	return make_result(env, sim_hv_attach(device->hv, peer, device->efds));
}

static napi_value simDetach(napi_env env, napi_callback_info info)
{
	struct sim_hypervisor *hypervisor;
	struct sim_device *device;
	struct call call;
	bool keep_state;
	int64_t peer;

	hypervisor = get_hypervisor(env, info, &call);
	REQUIRE(hypervisor);
	if (!hypervisor->open)
		return make_result(env, -EBADF);
	device = &hypervisor->device;
	REQUIRE(get_integer(env, call.arguments[1], "peer", 0,
			    device->max_peers - 1, &peer));
	REQUIRE(get_boolean(env, call.arguments[2], "keepState", &keep_state));
	sim_hv_detach(device->hv, device->state, peer, keep_state,
		      device->efds);
	return make_result(env, 0);
}

static napi_value make_peer_report(napi_env env, struct sim_hv_peer *peer)
{
	napi_value report, present;

	TRY(env, napi_create_object(env, &report));
	TRY(env, napi_get_boolean(
			 env, __atomic_load_n(&peer->present, __ATOMIC_SEQ_CST),
			 &present));
	TRY(env, napi_set_named_property(env, report, "present", present));
	REQUIRE(set_number(env, report, "intControl",
			   __atomic_load_n(&peer->int_control,
					   __ATOMIC_SEQ_CST)));
	REQUIRE(set_number(env, report, "lost",
			   __atomic_load_n(&peer->lost, __ATOMIC_SEQ_CST)));
	REQUIRE(set_number(env, report, "delivered",
			   __atomic_load_n(&peer->delivered,
					   __ATOMIC_SEQ_CST)));
	return report;
}

static napi_value simInspect(napi_env env, napi_callback_info info)
{
	struct sim_hypervisor *hypervisor;
	napi_value reports, report;
	struct call call;
	uint32_t peer;

	hypervisor = get_hypervisor(env, info, &call);
	REQUIRE(hypervisor);
	if (!hypervisor->open)
		return make_result(env, -EBADF);
	TRY(env, napi_create_array(env, &reports));
	for (peer = 0; peer < hypervisor->device.max_peers; peer++) {
		report = make_peer_report(env,
					  &hypervisor->device.hv->peers[peer]);
		REQUIRE(report);
		TRY(env, napi_set_element(env, reports, peer, report));
	}
	return reports;
}

static napi_value simClose(napi_env env, napi_callback_info info)
{
	struct sim_hypervisor *hypervisor;
	struct call call;

	hypervisor = get_hypervisor(env, info, &call);
	REQUIRE(hypervisor);
	hypervisor_release(hypervisor);
	return NULL;
}

napi_status sim_registers_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(createSimRegisters),
		EXPORT(simInitialise),
		EXPORT(simOpen),
		EXPORT(simAttach),
		EXPORT(simDetach),
		EXPORT(simInspect),
		EXPORT(simClose),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
