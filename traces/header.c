// SPDX-License-Identifier: GPL-2.0-only
#include "traces/header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void hs_header_deinit(struct hs_header *header)
{
	char *const texts[] = {
		header->kernel, header->kernel_version, header->arch, header->hostname, header->command,
		header->clock, header->variant,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	hs_vec_for_each(rung, &header->rungs) {
		free(rung->source);
		free(rung->rung);
		free(rung->detail);
	}
	hs_vec_for_each(name, &header->names) {
		free(name->table);
		free(name->name);
	}
	hs_vec_for_each(attribute, &header->attributes) {
		free(attribute->key);
		free(attribute->value);
	}
	hs_vec_deinit(&header->rungs);
	hs_vec_deinit(&header->names);
	hs_vec_deinit(&header->attributes);
	memset(header, 0, sizeof(*header));
}

int hs_header_set(char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

/* Owns the copies until they are in a list. */
struct strings {
	char *item[3];
	unsigned int count;
};

static bool copy_strings(struct strings *copies, unsigned int count, const char *const *values)
{
	for (copies->count = 0; copies->count < count; copies->count++) {
		copies->item[copies->count] = strdup(values[copies->count] ? values[copies->count] : "");
		if (!copies->item[copies->count])
			return false;
	}
	return true;
}

static int drop_strings(struct strings *copies)
{
	while (copies->count)
		free(copies->item[--copies->count]);
	return -ENOMEM;
}

int hs_header_add_rung(struct hs_header *header, const char *source, const char *rung, const char *detail)
{
	struct strings copies;

	if (copy_strings(&copies, 3, (const char *[]){ source, rung, detail }) &&
	    hs_vec_push(&header->rungs, (struct hs_header_rung){ copies.item[0], copies.item[1], copies.item[2] }))
		return 0;
	return drop_strings(&copies);
}

int hs_header_add_name(struct hs_header *header, const char *table, int64_t number, const char *name)
{
	struct strings copies;

	if (copy_strings(&copies, 2, (const char *[]){ table, name }) &&
	    hs_vec_push(&header->names, (struct hs_header_name){ copies.item[0], number, copies.item[1] }))
		return 0;
	return drop_strings(&copies);
}

int hs_header_add_attribute(struct hs_header *header, const char *key, const char *value)
{
	struct strings copies;

	if (copy_strings(&copies, 2, (const char *[]){ key, value }) &&
	    hs_vec_push(&header->attributes, (struct hs_header_attribute){ copies.item[0], copies.item[1] }))
		return 0;
	return drop_strings(&copies);
}

const char *hs_header_name(const struct hs_header *header, const char *table, int64_t number)
{
	hs_vec_for_each(name, &header->names)
		if (name->number == number && strcmp(name->table, table) == 0)
			return name->name;
	return NULL;
}

const char *hs_header_attribute(const struct hs_header *header, const char *key)
{
	hs_vec_for_each(attribute, &header->attributes)
		if (strcmp(attribute->key, key) == 0)
			return attribute->value;
	return NULL;
}

const char *hs_header_rung(const struct hs_header *header, const char *source)
{
	hs_vec_for_each(rung, &header->rungs)
		if (strcmp(rung->source, source) == 0)
			return rung->rung;
	return NULL;
}
