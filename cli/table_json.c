// SPDX-License-Identifier: GPL-2.0-only
#include "cli/table_json.h"

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/json_text.h"
#include "replay/model.h"

/* jansson remembers a failed allocation as NULL; packing NULL fails in turn, so one check at the end is enough. */
static json_t *options_of(const struct hs_command *command)
{
	const struct hs_option *tables[HS_MAX_OPTION_TABLES];
	size_t count = hs_option_tables(command, tables);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		for (const struct hs_option *option = tables[i]; option->name; option++) {
			char letter[2] = { option->letter, '\0' };

			json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:b, s:s}", "letter", letter, "name",
							      option->name, "argument", option->argument, "repeatable",
							      option->is_repeatable, "help", option->help));
		}
	return list;
}

static json_t *examples_of(const struct hs_command *command)
{
	json_t *list = json_array();

	for (const struct hs_example *example = command->examples; example && example->command; example++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "command", example->command, "what",
						      example->what));
	return list;
}

static json_t *policy_keys(void)
{
	json_t *list = json_array();
	char values[HS_KEY_VALUES];

	for (size_t i = 0; hs_models[i]; i++)
		for (const struct hs_policy_key *key = hs_models[i]->keys; key && key->key; key++)
			json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "key", key->key, "values",
							      hs_policy_key_values(key, values), "help", key->help));
	return list;
}

int hs_print_tables(void)
{
	json_t *commands = json_array();

	for (const struct hs_command *const *at = hs_commands; *at; at++) {
		const struct hs_command *command = *at;

		json_array_append_new(commands,
				      json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", command->name, "operands",
						command->operands, "summary", command->summary, "description",
						command->description, "options", options_of(command), "examples",
						examples_of(command)));
	}
	return hs_json_print(json_pack("{s:s, s:o, s:o}", "version", HS_VERSION, "commands", commands, "keys",
				       policy_keys()));
}
