// SPDX-License-Identifier: GPL-2.0-only
/*
 * The register page is never there: each access to it faults, the instruction
 * that did it is read and done here, and the process goes on behind it. So an
 * access takes effect at once, exactly once, and with the width it had, as it
 * does where a hypervisor traps it.
 *
 * A hypervisor knows plain integer loads and stores only and stops the CPU at
 * anything else. Here the process gets SIGBUS.
 */
#include "trap.h"
#include "machine.h"

#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>

/* Longest instruction of the architecture */
#define MOST_CODE_BYTES		15

struct access {
	bool store;
	bool sign_extend;
	/* The value of a store is in the instruction, not in a register. */
	bool immediate;
	/* The register is one of AH, CH, DH and BH. */
	bool high_byte;
	unsigned int bytes;
	unsigned int register_bytes;
	unsigned int register_number;
	unsigned int code_bytes;
	s32 value;
};

struct code {
	u8 bytes[MOST_CODE_BYTES + 1];
	unsigned int length;
	unsigned int at;
	bool ended;
};

static u8 next_byte(struct code *code)
{
	if (code->at >= code->length) {
		code->ended = true;
		return 0;
	}
	return code->bytes[code->at++];
}

static s32 next_immediate(struct code *code, unsigned int bytes)
{
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		value |= (u32)next_byte(code) << (8 * i);
	return bytes == 1 ? (s8)value : bytes == 2 ? (s16)value : (s32)value;
}

/* Skips what says where memory is, as the fault tells that. */
static bool skip_address(struct code *code, u8 modrm)
{
	u8 mod = modrm >> 6, rm = modrm & 7;

	if (mod == 3)
		return false;
	if (rm == 4 && (next_byte(code) & 7) == 5 && mod == 0)
		rm = 5;
	if (mod == 1)
		next_immediate(code, 1);
	else if (mod == 2 || rm == 5)
		next_immediate(code, 4);
	return true;
}

/* Intel SDM volume 2: MOV, MOVZX, MOVSX and MOVSXD between register and memory */
static bool decode_opcode(struct code *code, unsigned int word,
			  struct access *access)
{
	u8 opcode = next_byte(code);

	access->bytes = word;
	access->register_bytes = word;
	switch (opcode) {
	case 0x88:
	case 0xc6:
		access->register_bytes = 1;
		access->bytes = 1;
		fallthrough;
	case 0x89:
	case 0xc7:
		access->store = true;
		access->immediate = opcode >= 0xc6;
		return true;
	case 0x8a:
		access->register_bytes = 1;
		access->bytes = 1;
		return true;
	case 0x8b:
		return true;
	case 0x63:
		access->sign_extend = true;
		access->bytes = 4;
		return word == 8;
	case 0x0f:
		break;
	default:
		return false;
	}
	opcode = next_byte(code);
	access->sign_extend = opcode == 0xbe || opcode == 0xbf;
	access->bytes = opcode & 1 ? 2 : 1;
	return access->sign_extend || opcode == 0xb6 || opcode == 0xb7;
}

static bool decode(struct code *code, struct access *access)
{
	unsigned int word = 4;
	u8 rex = 0, modrm, byte;

	for (;;) {
		byte = next_byte(code);
		if (byte == 0x66)
			word = 2;
		else if (byte != 0x67 && byte != 0x64 && byte != 0x65 &&
			 byte != 0x2e && byte != 0x36 && byte != 0x3e &&
			 byte != 0x26)
			break;
	}
	if ((byte & 0xf0) == 0x40)
		rex = byte;
	else
		code->at--;
	if (rex & 8)
		word = 8;
	if (!decode_opcode(code, word, access))
		return false;
	modrm = next_byte(code);
	access->register_number = (modrm >> 3 & 7) | (rex & 4) << 1;
	if (!skip_address(code, modrm))
		return false;
	if (access->immediate) {
		if (access->register_number & 7)
			return false;
		access->value = next_immediate(code, min(access->bytes, 4u));
	} else if (access->register_bytes == 1 && !rex &&
		   access->register_number >= 4) {
		access->high_byte = true;
		access->register_number -= 4;
	}
	access->code_bytes = code->at;
	return !code->ended;
}

static unsigned long *register_of(struct pt_regs *regs, unsigned int number)
{
	unsigned long *const by_number[] = {
		&regs->ax, &regs->cx, &regs->dx, &regs->bx,
		&regs->sp, &regs->bp, &regs->si, &regs->di,
		&regs->r8, &regs->r9, &regs->r10, &regs->r11,
		&regs->r12, &regs->r13, &regs->r14, &regs->r15,
	};

	return by_number[number];
}

static u64 mask_of(unsigned int bytes)
{
	return bytes == 8 ? ~0ull : (1ull << (8 * bytes)) - 1;
}

/*
 * The registers are 32 bits wide whatever the access is: a narrow store sets
 * all of them, to the few bits it brings.
 */
static bool act(struct peer *peer, struct pt_regs *regs,
		const struct access *access, u32 offset)
{
	unsigned long *place = register_of(regs, access->register_number);
	unsigned int shift = access->high_byte ? 8 : 0;
	u64 mask, value;
	u32 found;

	if (access->store) {
		value = access->immediate ? (u64)access->value :
					    *place >> shift;
		return peer_write(peer, offset,
				  value & mask_of(access->bytes));
	}
	if (!peer_read(peer, offset, &found))
		return false;
	value = found & mask_of(access->bytes);
	if (access->sign_extend)
		value = sign_extend64(value, 8 * access->bytes - 1);
	/* A load of 32 bits clears the upper half of the register. */
	mask = access->register_bytes >= 4 ?
		       ~0ull : mask_of(access->register_bytes) << shift;
	if (access->register_bytes == 4)
		value &= mask_of(4);
	*place = (*place & ~mask) | (value << shift & mask);
	return true;
}

static void fetch(struct code *code, unsigned long ip)
{
	const unsigned long in_page = PAGE_SIZE - offset_in_page(ip);

	/* The page behind may be no code. */
	code->length = MOST_CODE_BYTES;
	if (!copy_from_user_nofault(code->bytes, (void __user *)ip,
				    code->length))
		return;
	code->length = min_t(unsigned long, in_page, MOST_CODE_BYTES);
	if (copy_from_user_nofault(code->bytes, (void __user *)ip,
				   code->length))
		code->length = 0;
}

static vm_fault_t trap_fault(struct vm_fault *vmf)
{
	struct peer *peer = vmf->vma->vm_private_data;
	u32 offset = vmf->real_address - vmf->vma->vm_start;
	struct pt_regs *regs = task_pt_regs(current);
	struct access access = { 0 };
	struct code code = { 0 };

	/* A system call that was given the page; its instruction is the kernel's. */
	if (!(vmf->flags & FAULT_FLAG_USER) || regs->cs != __USER_CS)
		return VM_FAULT_SIGBUS;
	fetch(&code, regs->ip);
	if (!decode(&code, &access) || offset % access.bytes ||
	    access.store != !!(vmf->flags & FAULT_FLAG_WRITE)) {
		pr_warn_ratelimited("intercell_uio_test: %s[%d]: no plain access to register 0x%x: %*ph\n",
				    current->comm, task_pid_nr(current), offset,
				    (int)code.length, code.bytes);
		return VM_FAULT_SIGBUS;
	}
	if (!act(peer, regs, &access, offset))
		return VM_FAULT_SIGBUS;
	regs->ip += access.code_bytes;
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct trap_operations = {
	.fault = trap_fault,
};

int trap_mmap(struct peer *peer, struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	vma->vm_private_data = peer;
	vma->vm_ops = &trap_operations;
	return 0;
}
