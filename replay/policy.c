// SPDX-License-Identifier: GPL-2.0-only
#include "replay/policy.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/units.h"
#include "replay/model.h"

static struct hs_policy_value *find_value(const struct hs_policy *policy, const char *key)
{
	hs_vec_for_each(value, &policy->values)
		if (strcmp(value->key->key, key) == 0)
			return value;
	return NULL;
}

static int add_value(struct hs_policy *policy, const struct hs_policy_key *key, const char *text,
		     enum hs_policy_origin origin)
{
	struct hs_policy_value value = { .key = key, .text = strdup(text), .origin = origin };

	if (!value.text)
		return -ENOMEM;
	if (hs_vec_push(&policy->values, value))
		return 0;
	free(value.text);
	return -ENOMEM;
}

int hs_policy_init(struct hs_policy *policy, const char *name)
{
	*policy = (struct hs_policy){ .name = strdup(name) };
	if (!policy->name)
		return -ENOMEM;
	for (size_t i = 0; hs_models[i]; i++) {
		for (const struct hs_policy_key *key = hs_models[i]->keys; key && key->key; key++) {
			if (add_value(policy, key, key->default_text, HS_POLICY_DEFAULT)) {
				hs_policy_deinit(policy);
				return -ENOMEM;
			}
		}
	}
	return 0;
}

int hs_policy_copy(struct hs_policy *to, const struct hs_policy *from, const char *name)
{
	*to = (struct hs_policy){ .name = strdup(name) };
	if (!to->name)
		return -ENOMEM;
	hs_vec_for_each(value, &from->values) {
		if (add_value(to, value->key, value->text, value->origin)) {
			hs_policy_deinit(to);
			return -ENOMEM;
		}
	}
	to->scenario = from->scenario ? strdup(from->scenario) : NULL;
	if (from->scenario && !to->scenario) {
		hs_policy_deinit(to);
		return -ENOMEM;
	}
	return 0;
}

void hs_policy_deinit(struct hs_policy *policy)
{
	hs_vec_for_each(value, &policy->values)
		free(value->text);
	hs_vec_deinit(&policy->values);
	free(policy->scenario);
	free(policy->name);
	policy->name = policy->scenario = NULL;
}

/* "max_ptes_none" for "collapse.max_ptes_none". */
static const char *short_name(const char *key)
{
	const char *dot = strchr(key, '.');

	return dot ? dot + 1 : key;
}

/* The value meant by a key with or without its section; NULL: none or several. */
static struct hs_policy_value *find_by_user(const struct hs_policy *policy, const char *key, bool *is_ambiguous)
{
	struct hs_policy_value *found = find_value(policy, key);

	*is_ambiguous = false;
	if (found || strchr(key, '.'))
		return found;
	hs_vec_for_each(value, &policy->values) {
		if (strcmp(short_name(value->key->key), key) != 0)
			continue;
		if (found) {
			*is_ambiguous = true;
			return NULL;
		}
		found = value;
	}
	return found;
}

enum { MAX_NAME = 64 };

/* Edit distance of two names (Levenshtein), up to MAX_NAME characters of each. */
static size_t distance(const char *a, const char *b)
{
	size_t row[MAX_NAME + 1], width = strnlen(b, MAX_NAME), height = strnlen(a, MAX_NAME);

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; i <= height; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[width];
}

static int report_unknown(const struct hs_policy *policy, const char *key, struct hs_error *err)
{
	const char *nearest = NULL;
	size_t best = SIZE_MAX;

	hs_vec_for_each(value, &policy->values) {
		const char *name = value->key->key;
		size_t away = distance(key, strchr(key, '.') ? name : short_name(name));

		if (away < best) {
			best = away;
			nearest = name;
		}
	}
	if (nearest && best <= strlen(key) / 2)
		return hs_error_set(err, -ENOENT, "policy key '%s' is unknown; did you mean '%s'?", key, nearest);
	return hs_error_set(err, -ENOENT, "policy key '%s' is unknown; 'hindsight replay --help' lists them", key);
}

/* Is text one of "a|b|c"? */
static bool is_word_of(const char *text, const char *words)
{
	size_t length = strlen(text);

	for (const char *word = words; *word;) {
		size_t n = strcspn(word, "|");

		if (n == length && memcmp(word, text, n) == 0)
			return true;
		word += n + (word[n] == '|');
	}
	return false;
}

const char *hs_policy_key_values(const struct hs_policy_key *key, char text[HS_KEY_VALUES])
{
	const char *words = key->words ? key->words : "";
	size_t used = 0;

	*text = '\0';
	if (key->min || key->max)
		used = (size_t)snprintf(text, HS_KEY_VALUES, "%llu to %llu%s", (unsigned long long)key->min,
					(unsigned long long)key->max, *words ? " or " : "");
	if (used < HS_KEY_VALUES)
		used += (size_t)snprintf(text + used, HS_KEY_VALUES - used, "%s", words);
	if (key->default_text && *key->default_text && used < HS_KEY_VALUES)
		snprintf(text + used, HS_KEY_VALUES - used, "%sdefault: %s", used ? "; " : "", key->default_text);
	return text;
}

static int check_value(const struct hs_policy_key *key, const char *text, struct hs_error *err)
{
	uint64_t number;
	int error;

	if (key->words && is_word_of(text, key->words))
		return 0;
	if (key->min || key->max) {
		error = hs_parse_u64_in(text, key->min, key->max, &number);
		if (!error)
			return 0;
		return hs_error_set(err, error, "%s: '%s' is not a number from %llu to %llu%s%s", key->key, text,
				    (unsigned long long)key->min, (unsigned long long)key->max,
				    key->words ? " or one of " : "", key->words ? key->words : "");
	}
	if (key->words)
		return hs_error_set(err, -EINVAL, "%s: '%s' is not one of %s", key->key, text, key->words);
	return 0;
}

static int store(struct hs_policy_value *value, const char *text, enum hs_policy_origin origin, struct hs_error *err)
{
	char *copy;
	int error = check_value(value->key, text, err);

	if (error)
		return error;
	copy = strdup(text);
	if (!copy)
		return hs_error_nomem(err);
	free(value->text);
	value->text = copy;
	value->origin = origin;
	return 0;
}

int hs_policy_set(struct hs_policy *policy, const char *key, const char *text, enum hs_policy_origin origin,
		  struct hs_error *err)
{
	bool is_ambiguous;
	struct hs_policy_value *value = find_by_user(policy, key, &is_ambiguous);

	if (is_ambiguous)
		return hs_error_set(err, -ENOENT, "policy key '%s' is in several sections; write SECTION.%s", key, key);
	if (!value)
		return report_unknown(policy, key, err);
	return store(value, text, origin, err);
}

/* The word in brackets where a sysfs file marks its choice, else the whole text without blanks around it. */
static char *chosen_word(const char *text, size_t length)
{
	const char *open = memchr(text, '[', length);
	const char *close = open ? memchr(open, ']', length - (size_t)(open - text)) : NULL;

	if (close)
		return strndup(open + 1, (size_t)(close - open - 1));
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	return strndup(text, length);
}

bool hs_policy_has_tunable(const struct hs_policy *policy, const char *tunable)
{
	hs_vec_for_each(value, &policy->values)
		if (value->key->tunable && strcmp(value->key->tunable, tunable) == 0)
			return true;
	return false;
}

int hs_policy_take_tunable(struct hs_policy *policy, const char *tunable, const char *text, size_t length)
{
	hs_auto_free char *word = NULL;
	int taken = 0;

	hs_vec_for_each(value, &policy->values) {
		if (!value->key->tunable || strcmp(value->key->tunable, tunable) != 0 ||
		    value->origin == HS_POLICY_USER)
			continue;
		if (!word)
			word = chosen_word(text, length);
		if (!word)
			return -ENOMEM;
		if (!store(value, word, HS_POLICY_TRACE, NULL))
			taken = 1;
	}
	return taken;
}

const char *hs_policy_text(const struct hs_policy *policy, const char *key)
{
	const struct hs_policy_value *value = find_value(policy, key);

	assert(value);
	return value->text;
}

uint64_t hs_policy_number(const struct hs_policy *policy, const char *key)
{
	uint64_t number = 0;
	int error = hs_parse_u64(hs_policy_text(policy, key), &number);

	assert(!error);
	(void)error;
	return number;
}

enum hs_policy_origin hs_policy_origin(const struct hs_policy *policy, const char *key)
{
	const struct hs_policy_value *value = find_value(policy, key);

	assert(value);
	return value->origin;
}
