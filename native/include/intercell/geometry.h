/* SPDX-License-Identifier: MIT */
/* Reading and checking what a peer's header and directory say, from a private copy (page, sections 1, 3, 7). */
#ifndef INTERCELL_GEOMETRY_H
#define INTERCELL_GEOMETRY_H

#include "link.h"

/* The header line and the entry for this side, as copied. */
struct intercell_snapshot {
	INTERCELL_ALIGNED uint32_t header[INTERCELL_LINE / 4u];
	uint32_t control;
	uint32_t ring;
	uint32_t capacity;
};

INTERCELL_FN void intercell_snapshot_take(struct intercell_snapshot *snapshot, const struct intercell_link *link)
{
	uint32_t entry = intercell_entry(link->node->layout.id);
	uint32_t i;

	for (i = 0; i < INTERCELL_LINE / 4u; i++)
		snapshot->header[i] = intercell_load(link->section, i * 4u);
	snapshot->control = intercell_load(link->section, entry + INTERCELL_ENTRY_CONTROL);
	snapshot->ring = intercell_load(link->section, entry + INTERCELL_ENTRY_RING);
	snapshot->capacity = intercell_load(link->section, entry + INTERCELL_ENTRY_CAPACITY);
}

/* True if a part that is not empty lies in the section after the directory, at a multiple of 128. */
INTERCELL_FN bool intercell_part_valid(const struct intercell_layout *layout, uint32_t offset, uint32_t size)
{
	return size != 0 && offset >= intercell_directory_end(layout->max_peers) && (offset & (INTERCELL_LINE - 1u)) == 0 &&
	       offset <= layout->section_size && size <= layout->section_size - offset;
}

INTERCELL_COLD void intercell_header_check(const uint32_t *header, const struct intercell_layout *layout, uint32_t peer,
                                           struct intercell_finding *finding)
{
	uint32_t version_id = INTERCELL_WIRE_VERSION | peer << 16;
	uint32_t i;

	if (header[INTERCELL_HEADER_VERSION_ID / 4u] != version_id) {
		intercell_find(finding, INTERCELL_FAULT_VERSION, version_id, header[INTERCELL_HEADER_VERSION_ID / 4u]);
		return;
	}
	if (header[INTERCELL_HEADER_SECTION_SIZE / 4u] != layout->section_size) {
		intercell_find(finding, INTERCELL_FAULT_VERSION, layout->section_size,
		               header[INTERCELL_HEADER_SECTION_SIZE / 4u]);
		return;
	}
	if ((header[INTERCELL_HEADER_PEERS_VECTOR / 4u] & 0xffffu) != layout->max_peers) {
		intercell_find(finding, INTERCELL_FAULT_VERSION, layout->max_peers,
		               header[INTERCELL_HEADER_PEERS_VECTOR / 4u] & 0xffffu);
		return;
	}
	if (header[INTERCELL_HEADER_FLAGS / 4u] != 0)
		intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, header[INTERCELL_HEADER_FLAGS / 4u]);
	for (i = INTERCELL_HEADER_ZERO / 4u; i < INTERCELL_LINE / 4u && finding->code == 0; i++)
		if (header[i] != 0)
			intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, header[i]);
}

/* Notes a part that does not lie in the section, or a ring whose @capacity no ring has. */
INTERCELL_COLD void intercell_part_check(const struct intercell_layout *layout, uint32_t offset, uint32_t size,
                                         uint32_t capacity, struct intercell_finding *finding)
{
	if (finding->code == 0 && (!intercell_part_valid(layout, offset, size) || !intercell_capacity_valid(capacity)))
		intercell_find(finding, INTERCELL_FAULT_GEOMETRY, layout->section_size, offset);
}

INTERCELL_COLD void intercell_parts_check(const struct intercell_snapshot *snapshot,
                                          const struct intercell_layout *layout, struct intercell_finding *finding)
{
	const uint32_t *header = snapshot->header;
	uint32_t latest = header[INTERCELL_HEADER_LATEST_OFFSET / 4u];
	uint32_t latest_size = header[INTERCELL_HEADER_LATEST_SIZE / 4u];
	uint32_t control = header[INTERCELL_HEADER_BROADCAST_CONTROL / 4u];
	uint32_t ring = header[INTERCELL_HEADER_BROADCAST_RING / 4u];
	uint32_t capacity = header[INTERCELL_HEADER_BROADCAST_CAPACITY / 4u];
	const uint32_t no_ring = INTERCELL_CAPACITY_MIN;

	intercell_part_check(layout, snapshot->control, INTERCELL_CONTROL_SIZE, no_ring, finding);
	intercell_part_check(layout, snapshot->ring, snapshot->capacity, snapshot->capacity, finding);
	if ((latest | latest_size) != 0)
		intercell_part_check(layout, latest, latest_size, no_ring, finding);
	if ((control | ring | capacity) == 0)
		return;
	intercell_part_check(layout, control, INTERCELL_LINE, no_ring, finding);
	intercell_part_check(layout, ring, capacity, capacity, finding);
}

INTERCELL_STATIC_ASSERT(sizeof(struct intercell_geometry) - offsetof(struct intercell_geometry, latest_offset) ==
                                INTERCELL_HEADER_ZERO - INTERCELL_HEADER_LATEST_OFFSET,
                        "a geometry ends as the words of a header do");

INTERCELL_COLD void intercell_geometry_from_snapshot(struct intercell_geometry *geometry,
                                                     const struct intercell_snapshot *snapshot)
{
	geometry->control = snapshot->control;
	geometry->ring = snapshot->ring;
	geometry->capacity = snapshot->capacity;
	geometry->vector = snapshot->header[INTERCELL_HEADER_PEERS_VECTOR / 4u] >> 16;
	intercell_copy_words(&geometry->latest_offset, &snapshot->header[INTERCELL_HEADER_LATEST_OFFSET / 4u],
	                     INTERCELL_HEADER_ZERO - INTERCELL_HEADER_LATEST_OFFSET);
}

/* Checks a snapshot; @finding->code stays 0 if all is well. */
INTERCELL_COLD void intercell_snapshot_check(const struct intercell_snapshot *snapshot,
                                             const struct intercell_link *link, struct intercell_finding *finding)
{
	const struct intercell_layout *layout = &link->node->layout;

	finding->code = 0;
	intercell_header_check(snapshot->header, layout, link->peer, finding);
	if (finding->code == 0)
		intercell_parts_check(snapshot, layout, finding);
}

#endif
