// SPDX-License-Identifier: GPL-2.0-only
#include "lib/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Reads digits; *end is behind them. */
static int read_digits(const char *text, int base, uint64_t *value, const char **end)
{
	char *stop;

	if (!isxdigit((unsigned char)*text) || (base == 10 && !isdigit((unsigned char)*text)))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &stop, base);
	*end = stop;
	return errno == ERANGE ? -ERANGE : 0;
}

int hs_parse_u64(const char *text, uint64_t *value)
{
	int is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *end;
	uint64_t number;
	int status = read_digits(text + 2 * is_hex, is_hex ? 16 : 10, &number, &end);

	if (status)
		return status;
	if (*end)
		return -EINVAL;
	*value = number;
	return 0;
}

int hs_parse_u64_in(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t number;
	int status = hs_parse_u64(text, &number);

	if (status)
		return status;
	if (number < min || number > max)
		return -ERANGE;
	*value = number;
	return 0;
}

static int find_factor(const struct unit *units, const char *name, uint64_t *factor)
{
	for (; units->name; units++)
		if (strcasecmp(units->name, name) == 0) {
			*factor = units->factor;
			return 0;
		}
	return -EINVAL;
}

int hs_parse_bytes(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },		{ "b", 1 },		{ "k", 1ull << 10 },	{ "kb", 1ull << 10 },
		{ "kib", 1ull << 10 },	{ "m", 1ull << 20 },	{ "mb", 1ull << 20 },	{ "mib", 1ull << 20 },
		{ "g", 1ull << 30 },	{ "gb", 1ull << 30 },	{ "gib", 1ull << 30 },	{ "t", 1ull << 40 },
		{ "tb", 1ull << 40 },	{ "tib", 1ull << 40 },	{ NULL, 0 },
	};
	uint64_t number, factor;
	const char *end;
	int status = read_digits(text, 10, &number, &end);

	if (!status)
		status = find_factor(units, end, &factor);
	if (status)
		return status;
	if (__builtin_mul_overflow(number, factor, &number))
		return -ERANGE;
	*bytes = number;
	return 0;
}

/* Digits after the point, as a fraction of factor. */
static int read_fraction(const char **text, char *digits, size_t room)
{
	size_t count = 0;

	while (isdigit((unsigned char)**text)) {
		if (count + 1 < room)
			digits[count++] = **text;
		++*text;
	}
	digits[count] = '\0';
	return count ? 0 : -EINVAL;
}

static uint64_t fraction_of(const char *digits, uint64_t factor)
{
	uint64_t sum = 0;

	for (; *digits; digits++) {
		sum += (uint64_t)(*digits - '0') * (factor / 10);
		factor /= 10;
	}
	return sum;
}

int hs_parse_duration(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "", 1000000000 },  { "ns", 1 },	      { "us", 1000 },	       { "ms", 1000000 },
		{ "s", 1000000000 }, { "m", 60000000000ull }, { "h", 3600000000000ull }, { NULL, 0 },
	};
	char digits[20] = "";
	uint64_t number, factor;
	const char *end;
	int status = read_digits(text, 10, &number, &end);

	if (!status && *end == '.') {
		end++;
		status = read_fraction(&end, digits, sizeof(digits));
	}
	if (!status)
		status = find_factor(units, end, &factor);
	if (status)
		return status;
	if (__builtin_mul_overflow(number, factor, &number) ||
	    __builtin_add_overflow(number, fraction_of(digits, factor), &number))
		return -ERANGE;
	*ns = number;
	return 0;
}

/* value / factor with three significant digits and its unit. */
static const char *format_scaled(double value, const char *unit, char *buffer)
{
	int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;

	snprintf(buffer, HS_UNITS_TEXT, "%.*f %s", decimals, value, unit);
	return buffer;
}

const char *hs_format_bytes(uint64_t bytes, char buffer[HS_UNITS_TEXT])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t at = 0;
	uint64_t whole = bytes;

	while (whole >= 1024) {
		whole >>= 10;
		at++;
	}
	if ((whole << (10 * at)) == bytes) {
		snprintf(buffer, HS_UNITS_TEXT, "%" PRIu64 " %s", whole, names[at]);
		return buffer;
	}
	return format_scaled((double)bytes / (double)(1ull << (10 * at)), names[at], buffer);
}

const char *hs_format_duration(uint64_t ns, char buffer[HS_UNITS_TEXT])
{
	if (ns < 1000) {
		snprintf(buffer, HS_UNITS_TEXT, "%" PRIu64 " ns", ns);
		return buffer;
	}
	if (ns < 1000000)
		return format_scaled((double)ns / 1e3, "us", buffer);
	if (ns < 1000000000)
		return format_scaled((double)ns / 1e6, "ms", buffer);
	return format_scaled((double)ns / 1e9, "s", buffer);
}

const char *hs_format_count(uint64_t count, char buffer[HS_UNITS_TEXT])
{
	char plain[HS_UNITS_TEXT];
	int digits = snprintf(plain, sizeof(plain), "%" PRIu64, count), at = 0;

	for (int i = 0; i < digits; i++) {
		if (i && (digits - i) % 3 == 0)
			buffer[at++] = ',';
		buffer[at++] = plain[i];
	}
	buffer[at] = '\0';
	return buffer;
}
