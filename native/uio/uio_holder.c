// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "intercell_uio.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* True for a descriptor in /proc that is this node, whatever its name was. */
static bool is_node(int folder, const char *name, const struct stat *node)
{
	struct stat found;

	return fstatat(folder, name, &found, 0) == 0 &&
	       S_ISCHR(found.st_mode) && S_ISCHR(node->st_mode) &&
	       found.st_rdev == node->st_rdev;
}

static bool has_open(const char *process, const struct stat *node)
{
	char path[64];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", process);
	folder = opendir(path);
	if (!folder)
		return false;
	while (!found && (entry = readdir(folder)))
		found = isdigit((unsigned char)*entry->d_name) &&
			is_node(dirfd(folder), entry->d_name, node);
	closedir(folder);
	return found;
}

/* A mapping keeps a device open though its descriptor is closed. */
static bool has_mapped(const char *process, const struct stat *node)
{
	unsigned int high, low;
	unsigned long inode;
	char path[64], line[PATH_MAX];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%.16s/maps", process);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (!found && fgets(line, sizeof(line), maps))
		found = sscanf(line, "%*s %*s %*s %x:%x %lu", &high, &low,
			       &inode) == 3 &&
			inode == node->st_ino && high == major(node->st_dev) &&
			low == minor(node->st_dev);
	fclose(maps);
	return found;
}

int intercell_uio_holder(const char *path)
{
	struct dirent *entry;
	struct stat node;
	int holder = 0;
	DIR *processes;

	if (stat(path, &node) < 0)
		return -errno;
	processes = opendir("/proc");
	if (!processes)
		return -errno;
	while (!holder && (entry = readdir(processes))) {
		if (isdigit((unsigned char)*entry->d_name) &&
		    (has_open(entry->d_name, &node) ||
		     has_mapped(entry->d_name, &node)))
			holder = atoi(entry->d_name);
	}
	closedir(processes);
	return holder;
}
