/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TABLE_JSON_H
#define HS_TABLE_JSON_H

/*
 * `hindsight --tables`: all commands, options and examples as one JSON object on stdout, for what is made
 * from them (man pages) or checked against them (tests); an hs_exit.
 */
int hs_print_tables(void);

#endif
