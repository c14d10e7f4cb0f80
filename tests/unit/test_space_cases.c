// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbered cases of the address-space specification as scripts: mappings, pages and the mmu-notifier sections
 * that the operation under test opens ("C[0,512){…}": what is nested inside). Pages are relative to a base that is
 * 1 GiB aligned; "{…}" in commands: see space_script.h.
 */
#include "tests/unit/space_script.h"

struct space_case {
	unsigned int number;
	const char *variant, *thp;
	const char *before, *commands;		/* sections are those of the second */
	const char *vmas, *present, *sections;	/* NULL: not looked at */
};

#define ALL_OF_IT "6.1 6.12 6.18 7.2"
#define SINCE_6_12 "6.12 6.18 7.2"
#define OLD "6.1 6.12"
#define NEW "6.18 7.2"

/* --- sections as text ---------------------------------------------------------------------------- */

struct section_text {
	char text[4096];
	unsigned int depth;
	bool is_inside;		/* the innermost one has had no other inside so far */
};

static void add_text(struct section_text *to, const char *format, ...)
{
	size_t used = strlen(to->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(to->text + used, sizeof(to->text) - used, format, arguments);
	va_end(arguments);
}

static void write_open(void *context, uint32_t mm, const struct hs_section *section)
{
	static const char letters[HS_NR_SECTION_EVENTS] = "UCVPSRGX";
	struct section_text *to = context;

	(void)mm;
	add_text(to, "%s%c[", to->is_inside ? "{" : *to->text ? " " : "", letters[section->event]);
	if (section->end == UINT64_MAX)
		add_text(to, "all)");
	else
		add_text(to, "%lld,%lld)", relative(section->start), relative(section->end));
	to->is_inside = true;
	to->depth++;
}

static void write_close(void *context, uint32_t mm, const struct hs_section *section)
{
	struct section_text *to = context;

	(void)mm;
	(void)section;
	if (!to->is_inside)
		add_text(to, "}");
	to->is_inside = false;
	to->depth--;
}

static const struct hs_address_space_watcher writer = { .section_opens = write_open, .section_closes = write_close };

/* --- cases --------------------------------------------------------------------------------------- */

/* A: touched memory is "A a b rw; w a b". M: 512 pages. */
static const struct space_case cases[] = {
	{ 1, ALL_OF_IT, "never", "A 0 8 rw", "un 3 4", "[0,3)rw [4,8)rw", "", "U[3,4)" },
	{ 2, ALL_OF_IT, "never", "A 0 4M rw; w 3M", "un 3 600", "[0,3)rw [600,2048)rw", "1536-1536",
	  "C[0,512) C[512,1024) U[3,600)" },
	{ 3, ALL_OF_IT, "never", "A 0 4M rw", "un 3 600", "[0,3)rw [600,2048)rw", "", "U[3,600)" },
	{ 4, ALL_OF_IT, "never", "A 0 4M rw; w 3M", "lockf 3 600; unlock 3 600", "[0,2048)rw", NULL,
	  "C[0,512) C[512,1024)" },
	{ 5, SINCE_6_12, "never", "A 0 4M rw; w 3M", "prot 0 3 r", "[0,3)r [3,2048)rw", NULL, "C[0,512) V[0,3)" },
	{ 5, "6.1", "never", "A 0 4M rw; w 3M", "prot 0 3 r", "[0,3)r [3,2048)rw", NULL, "C[0,512)" },
	{ 6, SINCE_6_12, "never", "A 0 4M rw; w 3M; prot 0 3 r", "prot 3 700 r", "[0,700)r [700,2048)rw", NULL,
	  "C[512,1024) V[3,700)" },
	{ 6, "6.1", "never", "A 0 4M rw; w 3M; prot 0 3 r", "prot 3 700 r", NULL, NULL, "C[512,1024)" },
	{ 7, SINCE_6_12, "never", "A 0 4M rw; w 0; prot 3M 4M r", "prot 600 3M r", "[0,600)rw [600,2048)r", NULL,
	  "C[512,1024) V[600,1536)" },
	{ 7, "6.1", "never", "A 0 4M rw; w 0; prot 3M 4M r", "prot 600 3M r", NULL, NULL, "C[512,1024)" },
	{ 8, ALL_OF_IT, "never", "A 0 8 rw; w 0 8", "A 2 4 rw", "[0,8)rw", "0-1 4-7", "U[2,4)" },
	{ 9, ALL_OF_IT, "never", "A 0 8 rw; w 0 8", "S -4 16 r", "[-4,16)rs", "", "U[-4,16)" },
	{ 10, ALL_OF_IT, "never", "", "A 0 8 rw", "[0,8)rw", "", "" },
	{ 11, ALL_OF_IT, "never", "A 0 4 rw", "fail 17; A 2 3 rw", "[0,4)rw", "", "" },
	{ 12, ALL_OF_IT, "never", "A 0 4 rw", "un 100 101; fail 22; un 1 1", "[0,4)rw", "", "" },
	{ 13, ALL_OF_IT, "never", "limits; A 0 4 rw; lim as 0", "S 0 4 rw; fail 12; S 0 5 rw", "[0,4)rws", "", "U[0,4)" },
	/* No commit charge is left: no limit that is known says so. */
	{ 14, "6.1", "never", "limits; A 0 4 rw; w 0 4", "fail 12; A 0 8 rw", "", "", "U[0,8)" },
	{ 14, SINCE_6_12, "never", "limits; A 0 4 rw; w 0 4", "fail 12; A 0 8 rw", "[0,4)rw", "0-3", "" },
	{ 16, "6.1", "never", "A 0 4 rw; A 4 8 r", "prot 0 4 r", "[0,4)r [4,8)r", "", "" },
	{ 16, SINCE_6_12, "never", "A 0 4 rw; A 4 8 r", "prot 0 4 r", "[0,8)r", "", "" },
	{ 17, ALL_OF_IT, "never", "A 0 4 rw; A 4 8 r; w 0", "prot 0 4 r", "[0,4)r [4,8)r", "0-0", "V[0,4)" },
	{ 18, OLD, "never", "A 0 8 rw noreserve; prot 0 4 r; w 4", "prot 4 8 r", "[0,4)r [4,8)r", "4-4", "V[4,8)" },
	{ 18, NEW, "never", "A 0 8 rw noreserve; prot 0 4 r; w 4", "prot 4 8 r", "[0,8)r", "4-4", "V[4,8)" },
	{ 19, ALL_OF_IT, "never", "A 0 8 rw noreserve; prot 4 8 r; w 0", "prot 4 8 rw", "[0,8)rw", "0-0",
	  "V[4,8)" },
	{ 23, ALL_OF_IT, "never", "A 0 4 rw grows", "w -1; w -10", "[-10,4)rw", "-10--10 -1--1", "" },
	{ 24, ALL_OF_IT, "never", "A -300 -299 rw; A 0 4 rw grows", "w -43; w -44", "[-300,-299)rw [-43,4)rw",
	  "-43--43", "" },
	{ 25, ALL_OF_IT, "never", "A 0 8 rw", "fail 12; un 3 4", "[0,8)rw", "", "" },
	{ 28, ALL_OF_IT, "never", "", "A 0 8 rw populate; A 1M 520 r populate", "[0,8)rw [512,520)r", "0-7 512-519",
	  "" },
	{ 29, ALL_OF_IT, "never", "A 0 4 rw; w 0 4; S 4 8 rw; w 4 8", "un 2 6", "[0,2)rw [6,8)rws", "0-1 6-7",
	  "U[2,6)" },
	{ 30, SINCE_6_12, "never", "A 0 1536M rw noreserve; w 1545; w 524292", "prot 0 1536M r", NULL, NULL,
	  "V[0,786432)" },
	{ 30, "6.1", "never", "A 0 1536M rw noreserve; w 1545; w 524292", "prot 0 1536M r", NULL, NULL,
	  "V[1536,262144) V[524288,786432)" },
	{ 31, ALL_OF_IT, "never", "A 0 1536M rw noreserve", "prot 0 1536M r", NULL, "", "" },
	{ 31, "v2010", "never", "A 0 1536M rw noreserve; S 1536M 1537M r", "prot 0 1537M r", NULL, "", "V[0,786432)" },
	/* A line of 512 GiB is at page 117440512. */
	{ 32, SINCE_6_12, "never", "A 116916224 117964800 rw noreserve; w 116916224; w 117440512",
	  "prot 116916224 117964800 r", NULL, NULL, "V[116916224,117440512) V[117440512,117964800)" },
	{ 32, "6.1", "never", "A 116916224 117964800 rw noreserve; w 116916224; w 117440512",
	  "prot 116916224 117964800 r", NULL, NULL, "V[116916224,117178368) V[117440512,117702656)" },
	{ 33, ALL_OF_IT, "never", "A 0 4 rw; w 0 4; S 4 8 rw; w 4 8; prot 4 8 r", "prot 0 8 rw", "[0,4)rw [4,8)rws",
	  NULL, "V[4,8)" },
	{ 34, ALL_OF_IT, "never", "A 0 4 rw; A 6 8 rw", "fail 12; prot 0 8 r", "[0,4)r [6,8)rw", "", "" },
	{ 34, ALL_OF_IT, "never", "A 0 4 rw; A 6 8 rw", "fail 12; prot 4 8 r", "[0,4)rw [6,8)rw", "", "" },
	{ 34, ALL_OF_IT, "never", "A 0 4 rw; A 6 8 rw", "fail 12; prot 6 10 r", "[0,4)rw [6,8)r", "", "" },
	{ 35, ALL_OF_IT, "never", "A 0 1 rw; w 0", "prot 0 1 r; prot 0 1 rw", "[0,1)rw", "0-0", "V[0,1) V[0,1)" },
	{ 36, SINCE_6_12, "never", "A 0 4 rw; w 0 4", "fail 13; prot 0 4 rx", "[0,4)rw", "0-3", "" },
	{ 38, ALL_OF_IT, "never", "A 0 8 rw; w 0 8", "adv 2 5 8; adv 0 8 20", "[0,8)rw", "0-7", "C[2,5)" },
	{ 39, ALL_OF_IT, "never", "A 0 8 rw; w 0 8; S 10 12 rw", "fail 12; adv 0 12 4", "[0,8)rw [10,12)rws", "",
	  "C[0,8) C[10,12)" },
	{ 40, ALL_OF_IT, "never", "", "fail 12; adv 0 4 4; fail 22; adv 0 0 999", "", "", "" },
	{ 41, ALL_OF_IT, "never", "A 0 4 rw; lock 0 4",
	  "fail 22; adv 0 4 4; fail 22; adv 0 4 8; fail 22; adv 0 4 20; fail 22; adv 0 4 21; fail 22; "
	  "adv 0 4 9; adv 0 4 24", "[0,4)rwL", "", "C[0,4)" },
	{ 42, ALL_OF_IT, "never", "A 0 4M rw; w 0; w 1M; w 2M; w 3M", "adv 0 4M 4", "[0,2048)rw", "", "C[0,2048)" },
	{ 43, NEW, "never", "A 0 8 rw; w 0 4", "adv 2 6 102", "[0,8)rw", "0-1", "C[2,6)" },
	{ 44, NEW, "never", "A 0 8 rw; w 0 4; adv 2 6 102", "adv 2 6 103", "[0,8)rw", "0-1", "" },
	{ 45, NEW, "never", "A 0 8 rw", "adv 0 2 102", "[0,8)rw", "", "" },
	{ 46, ALL_OF_IT, "never", "A 0 8 rw", "adv 0 2 10", "[0,2)rw [2,8)rw", "", "" },
	{ 47, NEW, "never", "A 0 4 -; A 6 10 r", "fail 22; adv 0 4 22; fail 22; adv 6 10 23; fail 12; adv 6 12 22",
	  "[0,4) [6,10)r", "6-9", "" },
	{ 48, ALL_OF_IT, "never", "A 0 8 rw; w 0 2", "lock 1 4", "[0,1)rw [1,4)rwL [4,8)rw", "0-3", "" },
	{ 48, ALL_OF_IT, "never", "A 0 8 rw; w 0 2; lock 1 4", "unlock 1 4", "[0,8)rw", "0-3", "" },
	{ 49, ALL_OF_IT, "never", "A 0 4 rw; A 6 8 rw", "fail 12; lock 0 8", "[0,4)rwL [6,8)rw", NULL, "" },
	{ 50, ALL_OF_IT, "never", "A 0 8 rw; lock 0 4", "lock 0 4; fail 12; lock 0 5", "[0,4)rwL [4,8)rw", "0-3",
	  "" },
	{ 53, ALL_OF_IT, "never", "A 0 4 rw", "r 0", "[0,4)rw", "0-0", "" },
	{ 54, ALL_OF_IT, "never", "A 0 4 rw; r 0", "w 0; w 0", "[0,4)rw", "0-0", "C[0,1)" },
	{ 55, ALL_OF_IT, "never", "A 0 4 rw", "w 0", "[0,4)rw", "0-0", "" },
	{ 63, ALL_OF_IT, "never", "A 0 8 rw; w 0 2; S 1M 516 rw; w 1M 516; A 2M 1028 rw; A 3M 1540 r; r 3M", "fork",
	  NULL, NULL, "P[0,8)" },
	{ 64, ALL_OF_IT, "never", "A 0 8 rw; w 0 2; fork", "w 0; w 0", "[0,8)rw", "0-1", "C[0,1)" },
	{ 65, ALL_OF_IT, "never", "A 0 8 rw; w 0 2; fork; w 0; mm 2; exit; mm 1", "w 1", "[0,8)rw", "0-1", "" },
	{ 66, ALL_OF_IT, "never",
	  "A 0 8 rw; w 0 8; lock 0 2; A 1M 516 rw; w 1M 516; adv 1M 516 10; A 2M 1028 rw; w 2M 1028; "
	  "adv 2M 1028 18; S 3M 1540 rw; w 3M 1540", "fork", NULL, NULL, "P[0,2) P[2,8)" },
	{ 68, ALL_OF_IT, "never", "F 0 8 rw 0; r 0; r 4", "w 0", "[0,8)rw", NULL, "C[0,1)" },
	/* Holes are punched by MADV_REMOVE (9) through another mapping: all lose the file's pages, no private copy. */
	{ 69, ALL_OF_IT, "never", "F 0 8 rw 0; r 0; r 4; w 0; w 1; G 1M 520 rw 0; w 1M", "adv 1M 520 9",
	  "[0,8)rw [512,520)rws", "0-1", "C[0,8) C[512,520)" },
	{ 71, ALL_OF_IT, "never", "G 0 16 rw 0; w 0 16; F 1M 520 rw 4; w 1M 520", "adv 6 9 9", NULL,
	  "0-5 9-15 512-519", "C[6,9) C[514,517)" },
	{ 73, ALL_OF_IT, "never", "S 0 4 rw; w 0 4", "prot 0 4 r; fork", "[0,4)rs", "0-3", "V[0,4)" },
	{ 79, ALL_OF_IT, "never", "A 0 4 rw; w 0 4", "re 0 4 8 0 0", "[0,8)rw", "0-3", "" },
	{ 80, ALL_OF_IT, "never", "A 0 4 rw; w 0 4; A 4 5 r", "fail 12; re 0 4 8 0 0; re 0 4 8 1 100",
	  "[4,5)r [100,108)rw", "100-103", "U[0,4) U[0,4)" },
	{ 81, ALL_OF_IT, "never", "A 0 4 rw noreserve; w 0 4; A 1M 520 rw noreserve; w 1M 520", "re 0 4 4 3 514",
	  "[512,514)rw [514,518)rw [518,520)rw", "512-519", "U[514,518) U[0,4) U[0,4)" },
	{ 82, SINCE_6_12, "never", "A 5 1005 rw; w 5 1005", "re 5 1000 1000 3 4101", "[4101,5101)rw", "4101-5100",
	  "U[0,1005) U[5,1005)" },
	{ 82, "6.1", "never", "A 5 1005 rw; w 5 1005", "re 5 1000 1000 3 4101", "[4101,5101)rw", "4101-5100",
	  "U[5,1005) U[5,1005)" },
	{ 83, ALL_OF_IT, "never", "A 5 1005 rw; w 5 1005; S 0 1 rw", "re 5 1000 1000 3 4101",
	  "[0,1)rws [4101,5101)rw", "4101-5100", "U[5,1005) U[5,1005)" },
	{ 84, ALL_OF_IT, "never", "A 5 405 rw; w 5 405", "re 5 400 400 3 4101", "[4101,4501)rw", NULL,
	  "U[5,405) U[5,405)" },
	{ 85, ALL_OF_IT, "never", "A 5 1005 rw; w 5 1005", "re 5 1000 1000 3 4102", "[4102,5102)rw", "4102-5101",
	  "U[5,1005) U[5,1005)" },
	{ 86, ALL_OF_IT, "never", "A 0 4 rw; w 0 4", "re 0 4 4 5 100", "[0,4)rw [100,104)rw", "100-103", "U[0,4)" },
	{ 87, ALL_OF_IT, "never", "A 0 8 rw; w 0 8", "re 2 4 4 7 1M", "[0,8)rw [512,516)rw", "0-1 6-7 512-515",
	  "U[2,6)" },
	{ 88, ALL_OF_IT, "never", "A 0 8 rw; w 0 8", "re 0 8 3 0 0", "[0,3)rw", "0-2", "U[3,8)" },
	{ 89, ALL_OF_IT, "never", "A 0 8 rw; w 0 8; S 1M 520 rw", "re 0 8 3 3 1M", "[512,515)rw [515,520)rws",
	  "512-514", "U[512,515) U[3,8) U[0,3) U[0,3)" },
	{ 90, NEW, "never", "A 0 4 rw; w 0 4; A 6 8 rw; w 6 8; S 516 518 rw", "re 0 10 10 3 1M",
	  "[512,516)rw [516,518)rws [518,520)rw", "512-515 518-519", "U[0,4) U[0,4) U[6,8) U[6,8)" },
	{ 90, OLD, "never", "A 0 4 rw; w 0 4; A 6 8 rw; w 6 8; S 516 518 rw", "fail 14; re 0 10 10 3 1M",
	  "[0,4)rw [6,8)rw", "0-3 6-7", "U[512,522)" },
	{ 91, NEW, "never", "A 2 6 rw", "fail 14; re 0 6 6 3 1M", "[2,6)rw", "", "" },
	{ 92, NEW, "never", "A 0 4 rw", "re 0 10 10 0 0; fail 14; re 0 10 12 1 0; re 0 10 2 0 0", "[0,2)rw", "",
	  "U[2,10)" },
	{ 93, ALL_OF_IT, "never", "S 0 4 rw; w 0 4", "re 0 0 4 1 100", "[0,4)rws [100,104)rws", "0-3", "" },
	{ 94, ALL_OF_IT, "never", "S 0 4 rw", "re 1 0 2 3 1M", "[0,4)rws [512,514)rws", "", "" },
	{ 95, ALL_OF_IT, "never", "S 0 4 rw", "fail 12; re 0 0 2 0 0", "[0,4)rws", "", "" },
	{ 96, NEW, "never", "A 0 4 rw; S 1M 516 rw", "fail 22; re 0 0 4 3 1M", "[0,4)rw [512,516)rws", "", "" },
	{ 96, OLD, "never", "A 0 4 rw; S 1M 516 rw", "fail 22; re 0 0 4 3 1M", "[0,4)rw", "", "U[512,516)" },
	{ 101, ALL_OF_IT, "never", "A 0 4 rw; w 0 4", "re 0 4 4 3 -16777216", "[-16777216,-16777212)rw", NULL,
	  NULL },
	{ 101, NEW, "never", "A 0 4 rw; w 0 4", "fail 1; re 0 4 4 3 -16777216", "[0,4)rw", "0-3", "" },
	{ 102, NEW, "never", "A 0 4 rw; S 1M 514 rw", "fail 12; re 0 4 8 3 1M", "[0,4)rw [512,514)rws", "", "" },
	{ 102, OLD, "never", "A 0 4 rw; S 1M 514 rw", "fail 12; re 0 4 8 3 1M", "[0,4)rw", "", "U[512,520)" },
	{ 104, ALL_OF_IT, "never", "A 0 4 rw; lock 0 4", "re 0 4 8 0 0", "[0,8)rwL", "0-7", "" },
	{ 106, NEW, "never", "A 0 8 rw; w 0 8; lock 0 8", "re 2 4 4 7 1M", "[0,8)rw [512,516)rwL", NULL, "U[2,6)" },
	{ 106, OLD, "never", "A 0 8 rw; w 0 8; lock 0 8", "re 2 4 4 7 1M", "[0,2)rwL [2,6)rw [6,8)rwL [512,516)rwL",
	  NULL, "U[2,6)" },
	{ 107, ALL_OF_IT, "never", "A 0 4 rw; lock 0 4", "fail 11; re 0 4 5 0 0", "[0,4)rwL", "0-3", "" },
	{ 108, ALL_OF_IT, "never", "A 0 4 rw; A 1M 516 rw", "re 1M 4 4 3 4", "[0,8)rw", "",
	  "U[512,516) U[512,516)" },
	{ 109, ALL_OF_IT, "never", "A 0 4 rw; A 1M 516 rw; w 1M", "re 1M 4 4 3 4", "[0,4)rw [4,8)rw", "4-4",
	  "U[512,516) U[512,516)" },
	{ 110, ALL_OF_IT, "never", "A 0 8 rw; w 0 8; re 2 2 2 3 1M", "re 1M 2 2 3 2", "[0,8)rw", "0-7",
	  "U[512,514) U[512,514)" },
	{ 111, NEW, "never", "A 0 4 rw", "re 0 4 4 7 4", "[0,8)rw", "", "U[0,4)" },
	{ 111, OLD, "never", "A 0 4 rw", "re 0 4 4 7 4", "[0,4)rw [4,8)rw", "", "U[0,4)" },
	{ 112, ALL_OF_IT, "never", "A 0 4 rw; w 0 4", "re 0 4 4 7 4", "[0,4)rw [4,8)rw", "4-7", "U[0,4)" },
	{ 113, ALL_OF_IT, "never", "A 0 4 rw; A 8 12 rw", "re 0 4 8 0 0", "[0,12)rw", "", "" },
	{ 114, ALL_OF_IT, "never", "A 0 4 rw", "fail 12; re 0 2 6 0 0", "[0,4)rw", "", "" },
	{ 117, ALL_OF_IT, "never", "A 0 1024M rw noreserve; w 0; w 262149", "re 0 1024M 1024M 3 2048M", NULL,
	  "1048576-1048576 1310725-1310725", "U[0,524288) U[0,524288)" },
	/* Not enough memory for tables half-way: all goes back, but what lay at the place is gone. */
	{ 119, ALL_OF_IT, "never", "limits; A 0 4M rw; w 0 4M", "fail 12; re 0 4M 4M 1 8193", "[0,2048)rw", "0-2047", NULL },
	{ 119, ALL_OF_IT, "never", "limits; A 0 4M rw; w 0 4M; S 8M 4098 rw", "fail 12; re 0 4M 4M 3 8M", "[0,2048)rw",
	  "0-2047", NULL },
	{ 125, "v2010", "never", "A 512 1536 rw; w 512 1536", "re 512 1024 1024 3 262144", "[262144,263168)rw",
	  "262144-263167",
	  "U[512,576) U[576,640) U[640,704) U[704,768) U[768,832) U[832,896) U[896,960) U[960,1024) U[1024,1088) "
	  "U[1088,1152) U[1152,1216) U[1216,1280) U[1280,1344) U[1344,1408) U[1408,1472) U[1472,1536) U[512,1536)" },
	/* Slots bound a piece too, on both sides. */
	{ 125, "v2010", "never", "A 510 514 rw; w 510 514", "re 510 4 4 3 1533", "[1533,1537)rw", "1533-1536",
	  "U[510,512) U[512,513) U[513,514) U[510,514)" },
	{ 152, ALL_OF_IT, "never", "A 0 8 r; r 0", "prot 0 8 rw; w 0", "[0,8)rw", "0-0", "V[0,8) C[0,1)" },
	{ 153, NEW, "never", "A 0 8 rw", "adv 0 2 102; fork", "[0,8)rw", "", "P[0,8)" },
	{ 155, ALL_OF_IT, "never", "A 0 4M rw; w 600", "re 600 10 10 3 8M", NULL, "4096-4096",
	  "U[600,610) C[512,1024) U[600,610)" },
	{ 156, ALL_OF_IT, "never", "A 0 4M rw; w 600", "re 600 10 10 7 8M", "[0,2048)rw [4096,4106)rw", "4096-4096",
	  "U[600,610)" },
	/* Huge pages: madvise(MADV_HUGEPAGE) is 14. A second touch inside shows that the first got one. */
	{ 56, ALL_OF_IT, "madvise", "A 0 3M rw; adv 0 3M 14", "huge 5; huge 512", "[0,1536)rw", "0-1023", "" },
	{ 57, ALL_OF_IT, "madvise", "A 0 3M rw; adv 0 3M 14; huge 5; huge 512", "adv 7 8 4", "[0,1536)rw",
	  "0-6 8-1023", "C[7,8){C[0,512)}" },
	{ 58, ALL_OF_IT, "madvise", "A 0 3M rw; adv 0 3M 14; huge 5; huge 512", "adv 1M 2M 4", "[0,1536)rw",
	  "0-511", "C[512,1024)" },
	{ 60, SINCE_6_12, "madvise", "A 0 3M rw; adv 0 3M 14; huge 5; huge 512", "prot 528 529 r", NULL, "0-1023",
	  "C[512,1024) V[528,529)" },
	{ 61, SINCE_6_12, "madvise", "A 0 3M rw; adv 0 3M 14; huge 5; huge 512", "prot 0 1M r; prot 0 1M rw",
	  "[0,1536)rw", "0-1023", "V[0,512) V[0,512)" },
	{ 62, ALL_OF_IT, "madvise", "A 0 2M rw; adv 0 2M 14; huge 5; huge 512", "un 768 2M", "[0,768)rw", "0-767",
	  "C[512,1024) U[768,1024)" },
	{ 115, ALL_OF_IT, "madvise", "A 0 2M rw; adv 0 2M 14; huge 5; huge 512", "re 0 1M 1M 3 16M", NULL, NULL,
	  "U[0,512) U[0,512)" },
	{ 116, ALL_OF_IT, "madvise", "A 0 2M rw; adv 0 2M 14; huge 5; huge 512", "re 0 2M 2M 3 8193",
	  "[8193,9217)rw", "8193-9216", "U[0,1024){C[0,512) C[512,1024)} U[0,1024)" },
	{ 118, ALL_OF_IT, "never", "A 0 4M rw; w 0 4M", "re 0 4M 4M 7 8193", "[0,2048)rw [8193,10241)rw",
	  "8193-10240", "U[0,2048)" },
	{ 150, ALL_OF_IT, "madvise", "A 0 2M rw; adv 0 2M 14; huge 5; huge 512; fork", "w 5", NULL, "0-1023",
	  "C[0,512) C[5,6)" },
	{ 151, NEW, "madvise", "A 0 2M rw; adv 0 2M 14; huge 5; huge 512; fork; w 5; mm 2; exit; mm 1",
	  "w 6; w 515", NULL, "0-1023", "" },
	{ 151, OLD, "madvise", "A 0 2M rw; adv 0 2M 14; huge 5; huge 512; fork; w 5; mm 2; exit; mm 1",
	  "w 6; w 515", NULL, "0-1023", "C[6,7)" },
};

/* "huge N": page N's slot is made one huge page, as a recorded collapse does; other commands go to the script. */
static void run_commands(struct hs_script *script, const char *commands)
{
	char *text = strdup(commands), *rest = text, *command;

	while ((command = strsep(&rest, ";"))) {
		while (*command == ' ')
			command++;
		if (strncmp(command, "huge ", 5) == 0) {
			struct hs_collapse_huge_page row = { .address_basis = 2, .isolated = 1 };

			row.status = (struct hs_bytes){ "SCAN_SUCCEED", 12 };
			row.address = page_at(command + 5) & ~(HS_SLOT_BYTES - 1);
			give(script, HS_KIND_collapse_huge_page, &row);
		} else if (*command) {
			script_run(script, command);
		}
	}
	free(text);
}

static bool check_text(const struct space_case *at, const char *variant, const char *what, const char *got,
		       const char *wanted)
{
	if (!wanted || strcmp(got, wanted) == 0)
		return true;
	print_message("not ok T%u (%s) %s: %s, wanted %s\n", at->number, variant, what, got, wanted);
	return false;
}

static bool run_case(const struct space_case *at, const char *variant)
{
	struct section_text text = { .depth = 0 };
	struct hs_script script;
	bool is_good;

	script_init(&script, variant, at->thp);
	run_commands(&script, at->before);
	hs_address_space_watch(hs_address_space_of(script.model), &writer, &text);
	run_commands(&script, at->commands);
	is_good = check_text(at, variant, "sections", text.text, at->sections);
	is_good &= check_text(at, variant, "mappings", script_vmas(&script), at->vmas);
	is_good &= check_text(at, variant, "present", script_plane(&script, "present"), at->present);
	if (text.depth)
		print_message("not ok T%u (%s): %u sections are open\n", at->number, variant, text.depth);
	script_deinit(&script);
	return is_good && !text.depth;
}

static void test_cases(void **state)
{
	unsigned int nr = 0, nr_bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *variants = strdup(cases[i].variant), *rest = variants, *variant;

		while ((variant = strsep(&rest, " "))) {
			nr++;
			nr_bad += !run_case(&cases[i], variant);
		}
		free(variants);
	}
	print_message("%u of %u runs of %zu cases as expected\n", nr - nr_bad, nr, sizeof(cases) / sizeof(*cases));
	assert_int_equal(nr_bad, 0);
}

/* A snapshot's huge page in the base's slot. */
static void see_huge(struct hs_script *script, bool is_zero, bool is_file)
{
	struct hs_bitmap512 all;
	struct hs_bytes bits = { (const char *)(const void *)&all, sizeof(all) };
	struct hs_snap_pages row = { .address = HS_SCRIPT_BASE, .huge = 1, .present = bits };

	memset(&all, 0xff, sizeof(all));
	row.zero = is_zero ? bits : row.zero;
	row.file = is_file ? bits : row.file;
	give(script, HS_KIND_snap_pages, &row);
}

/* The sections of commands on a mapping of one huge page. */
static const char *sections_on_huge(struct hs_script *script, const char *variant, const char *map, bool is_zero,
				    const char *commands)
{
	struct hs_snap_mm counters = { .rss_file = is_zero ? 0 : 512, .thp_disable = 255 };
	static struct section_text text;

	text = (struct section_text){ .depth = 0 };
	script_init(script, variant, "madvise");
	give(script, HS_KIND_snap_mm, &counters);
	run_commands(script, map);
	see_huge(script, is_zero, !is_zero);
	give(script, HS_KIND_snap_end, &(struct hs_snap_end){ .reason = { "start", 5 } });
	hs_address_space_watch(hs_address_space_of(script->model), &writer, &text);
	run_commands(script, commands);
	return text.text;
}

static enum hs_slot_kind kind_at_base(const struct hs_script *script)
{
	return hs_mm_count_slot(script_mm(script), HS_SCRIPT_BASE).kind;
}

/* T59: a write to the huge zero page makes a huge page, or splits it. T67: fork copies it if there is an anon_vma. */
static void test_T59_T67_huge_zero_page(void **state)
{
	struct hs_script script;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_string_equal(sections_on_huge(&script, i ? "7.2" : "6.18", "A 0 1M rw", true, "w 9"),
				    "C[0,512)");
		assert_int_equal(kind_at_base(&script), HS_SLOT_HUGE_ANON);
		script_deinit(&script);
		assert_string_equal(sections_on_huge(&script, i ? "6.12" : "6.1", "A 0 1M rw", true, "w 9"),
				    "C[0,512) C[9,10)");
		assert_int_equal(kind_at_base(&script), HS_SLOT_TABLE);
		assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).zero, 511);
		script_deinit(&script);
	}
}

/* One mapping from a snapshot, all of its pages there. */
static void see_mapping(struct hs_script *script, const char *variant, uint64_t flags, uint64_t nr_pages)
{
	struct hs_snap_mm counters = { .thp_disable = 255, .has_limits = 1, .limit_as = UINT64_MAX,
				       .limit_data = UINT64_MAX, .limit_memlock = UINT64_MAX };
	struct hs_bitmap512 bits = { { 0 } };
	struct hs_snap_vma vma = { .start = HS_SCRIPT_BASE, .end = HS_SCRIPT_BASE + nr_pages * 4096, .prot = 3,
				   .vm_flags = flags | HS_VMA_RD | HS_VMA_WR | HS_VMA_MR | HS_VMA_MW | HS_VMA_AC };
	struct hs_snap_pages pages = { .address = HS_SCRIPT_BASE,
				       .present = { (const char *)(const void *)&bits, sizeof(bits) } };

	hs_bitmap512_set_in(&bits, 0, (unsigned int)nr_pages);
	script_init(script, variant, "never");
	give(script, HS_KIND_snap_mm, &counters);
	give(script, HS_KIND_snap_vma, &vma);
	give(script, HS_KIND_snap_pages, &pages);
	give(script, HS_KIND_snap_end, &(struct hs_snap_end){ .reason = { "start", 5 } });
}

/*
 * T123: the driver of the mapping refuses when its tables have moved; what lay at the place is gone by then (seen on
 * 6.18: a forked process moves the ring of its parent's asynchronous I/O).
 */
static void test_T123_driver_refuses(void **state)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		struct section_text text = { .depth = 0 };
		struct hs_script script;

		see_mapping(&script, variants[i], HS_VMA_DE, 4);
		script_run(&script, "S 1M 516 rw");
		hs_address_space_watch(hs_address_space_of(script.model), &writer, &text);
		script_run(&script, "fail 22; re 0 4 4 3 1M");
		assert_string_equal(script_vmas(&script), "[0,4)rw");
		assert_string_equal(script_plane(&script, "present"), "0-3");
		assert_string_equal(text.text, "U[512,516) U[0,4) U[512,516) U[512,516)");
		script_deinit(&script);
	}
}

/* T124: a userfaultfd without events of mremap does not follow: nothing at the new place is write-protected by it. */
static void test_T124_userfaultfd_stays_behind(void **state)
{
	struct section_text text = { .depth = 0 };
	struct hs_script script;
	const struct hs_vma *vma;

	(void)state;
	see_mapping(&script, "6.12", HS_VMA_UW, 512);
	hs_address_space_watch(hs_address_space_of(script.model), &writer, &text);
	script_run(&script, "re 0 1M 1M 3 8M");
	assert_string_equal(script_vmas(&script), "[4096,4608)rw");
	assert_string_equal(script_plane(&script, "present"), "4096-4607");
	assert_string_equal(text.text, "U[0,512) U[0,512)");
	vma = hs_mm_vma_from(script_mm(&script), 0);
	assert_int_equal(vma->flags & HS_VMA_UW, 0);
	assert_true(vma->is_assumed);
	script_deinit(&script);
}

/* T126: where the source has a page table the new place gets one, or two, even if it is empty (since 2.6.15). */
static void test_T126_empty_table(void **state)
{
	static const char *const variants[] = { "v2010", "6.1", "6.12", "6.18", "7.2" };

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		struct hs_script script;

		script_init(&script, variants[i], "never");
		script_run(&script, "A 0 2M rw; w 5; adv 5 6 4; re 0 2M 2M 3 8193");
		assert_string_equal(script_plane(&script, "present"), "");
		assert_int_equal(hs_mm_count_slot(script_mm(&script), page_at("8193")).kind, HS_SLOT_TABLE);
		assert_int_equal(hs_mm_count_slot(script_mm(&script), page_at("17M")).kind, HS_SLOT_TABLE);
		assert_int_equal(hs_mm_count_slot(script_mm(&script), page_at("18M")).kind, HS_SLOT_NONE);
		script_deinit(&script);
	}
}

/* T154: a private write takes a file's huge page apart: none of its pages is left but the copy. */
static void test_T154_huge_file_page(void **state)
{
	struct hs_script script;
	const char *sections = sections_on_huge(&script, "6.18", "F 0 1M rw 0", false, "w 9");

	(void)state;
	assert_memory_equal(sections, "C[0,512)", 8);
	assert_string_equal(script_plane(&script, "present"), "9-9");
	script_deinit(&script);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_T59_T67_huge_zero_page),
		cmocka_unit_test(test_T154_huge_file_page), cmocka_unit_test(test_T123_driver_refuses),
		cmocka_unit_test(test_T124_userfaultfd_stays_behind), cmocka_unit_test(test_T126_empty_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
