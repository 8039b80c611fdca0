// SPDX-License-Identifier: MIT
/*
 * Touches the register page of a device in one way and prints the state word
 * after it: access <device> <way>.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES	4096
#define STATE		0x10
#define VALUE		0x0a0b0c0du

static volatile uint8_t *page;

static volatile uint32_t *state(void)
{
	return (volatile uint32_t *)(page + STATE);
}

static void word_store(void)
{
	*state() = VALUE;
}

static void byte_stores(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		page[STATE + i] = VALUE >> (8 * i);
}

static void half_store(void)
{
	*(volatile uint16_t *)state() = VALUE & 0xffff;
}

static void constant_store(void)
{
	__asm__ volatile("movl $0x0a0b0c0d, (%0)" : : "r"(state()) : "memory");
}

static void high_byte_store(void)
{
	__asm__ volatile("movl $0x1200, %%eax; movb %%ah, (%0)"
			 : : "r"(state()) : "memory", "eax");
}

static void misaligned_store(void)
{
	__asm__ volatile("movl $1, 2(%0)" : : "r"(state()) : "memory");
}

static void addition(void)
{
	__asm__ volatile("addl $1, (%0)" : : "r"(state()) : "memory");
}

static void exchange(void)
{
	__asm__ volatile("xchgl %%eax, (%0)" : : "r"(state()) : "memory", "eax");
}

static void vector_store(void)
{
	__asm__ volatile("movups %%xmm0, (%0)" : : "r"(state()) : "memory");
}

static void string_store(void)
{
	void *to = (void *)state();
	unsigned long count = 4;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : : "memory");
}

static void system_call(void)
{
	int pipes[2];

	if (pipe(pipes) || write(pipes[1], (const void *)page, 4) != 4)
		puts("refused");
}

static const struct {
	const char *name;
	void (*act)(void);
} ways[] = {
	{ "word", word_store },
	{ "bytes", byte_stores },
	{ "half", half_store },
	{ "constant", constant_store },
	{ "high-byte", high_byte_store },
	{ "misaligned", misaligned_store },
	{ "addition", addition },
	{ "exchange", exchange },
	{ "vector", vector_store },
	{ "string", string_store },
	{ "system-call", system_call },
};

int main(int argc, char **argv)
{
	unsigned int i;
	int fd;

	fd = argc == 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return 2;
	page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (page == MAP_FAILED)
		return 2;
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(argv[2], ways[i].name))
			continue;
		ways[i].act();
		printf("%x\n", *state());
		return 0;
	}
	return 2;
}
