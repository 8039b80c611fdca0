/* SPDX-License-Identifier: MIT */
/*
 * Stands in for <inmate.h> of a Jailhouse source tree when the jitter inmate is compiled in a test: declarations only,
 * written for this test from the library's public interface (inmates/lib of Jailhouse), of what the inmate uses and of
 * what could clash with the standard headers.
 */
#ifndef TEST_JAILHOUSE_INMATE_H
#define TEST_JAILHOUSE_INMATE_H

#ifdef bool
#error "<inmate.h> comes before <stdbool.h>, as it makes an enum of bool"
#endif

typedef signed char s8;
typedef unsigned char u8;
typedef signed short s16;
typedef unsigned short u16;
typedef signed int s32;
typedef unsigned int u32;
typedef signed long long s64;
typedef unsigned long long u64;
typedef enum { true = 1, false = 0 } bool;

#define NULL ((void *)0)
#define PAGE_SIZE (4 * 1024ULL)
#define NS_PER_MSEC 1000000ULL
#define NS_PER_SEC 1000000000ULL
#define comm_region ((struct jailhouse_comm_region *)0x80000000)

struct jailhouse_comm_region {
	u32 vpci_irq_base;
};

enum map_type { MAP_CACHED, MAP_UNCACHED };
typedef void (*irq_handler_t)(unsigned int);

void inmate_main(void);
void stop(void) __attribute__((noreturn));
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *memset(void *to, int value, unsigned long size);
void *memcpy(void *to, const void *from, unsigned long size);
int memcmp(const void *one, const void *other, unsigned long size);
unsigned long strlen(const char *text);

u32 mmio_read32(void *address);
void mmio_write32(void *address, u32 value);
void map_range(void *start, unsigned long size, enum map_type type);

void enable_irqs(void);
void disable_irqs(void);
void irq_init(irq_handler_t handler);
void irq_enable(unsigned int irq);

void pci_init(void);
int pci_find_device(u16 vendor, u16 device, u16 start_bdf);
u32 pci_read_config(u16 bdf, unsigned int address, unsigned int size);
void pci_write_config(u16 bdf, unsigned int address, u32 value, unsigned int size);

unsigned long timer_get_frequency(void);
u64 timer_get_ticks(void);
void timer_start(u64 timeout);

#endif
