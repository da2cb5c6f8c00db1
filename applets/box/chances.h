/* SPDX-License-Identifier: ISC */
/* How probable the next bit of the help texts is: what pack.c and help.c must agree about.
 *
 * A bit is seen in CONTEXTS contexts: the bits of its character so far, with the word so far, and
 * with the 0, 1, 2... characters before. Each context has learnt how often a 1 came in it. Their
 * odds are added up as logarithms with weights that are learnt as well, a set of weights for each
 * number of contexts that were met before. All of it is integers, so every machine agrees.
 */
#include <stdlib.h>

enum {
	CONTEXTS = 8,
	SLOTS = 1 << 19,
	ONE = 65536,		/* in chances and weights */
	ODDS = 2047,		/* the greatest logarithm of odds, in units of 1/256 */
	MET = 31,		/* the part of a slot that counts how often it was met */
	PATIENCE = 30,		/* no more than so often */
	SPREAD = 0x2f0b4c47
};

static struct model {
	/* a table of hashes: whose slot it is, but for the lowest bits, is in met as well */
	unsigned short chance[SLOTS], met[SLOTS];
	short odds_of[ONE / 16];
	int weights[CONTEXTS + 1][CONTEXTS], *weight;
	unsigned contexts[CONTEXTS], slots[CONTEXTS], word, bits;
	int odds[CONTEXTS], predicted;
} *model;	/* 2 MB, only while they are needed */

/* the chance from the logarithm of the odds, a line between the values of the table */
static int chance(int odds)
{
	static const unsigned short table[] = {
		22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7813, 11962, 17625,
		24743, 32768, 40793, 47911, 53574, 57723, 60565, 62428, 63615, 64357, 64816, 65097,
		65269, 65374, 65438, 65476, 65500, 65514
	};
	int at, part;

	odds = odds > ODDS ? ODDS : odds < -ODDS ? -ODDS : odds;
	at = (odds + ODDS + 1) / 128;
	part = odds & 127;
	return (table[at] * (128 - part) + table[at + 1] * part) / 128;
}

/* Returns 0, or -1 and errno. */
static int model_start(void)
{
	int odds = -ODDS;

	model = calloc(1, sizeof *model);
	if (!model)
		return -1;
	for (int i = 0; i < ONE / 16; i++) {
		while (odds < ODDS && chance(odds) / 16 < i)
			odds++;
		model->odds_of[i] = odds;
	}
	for (int i = 0; i <= CONTEXTS; i++)
		for (int j = 0; j < CONTEXTS; j++)
			model->weights[i][j] = ONE / 4;
	return 0;
}

/* A character begins, at text[at]. */
static void model_character(const char *text, size_t at)
{
	unsigned hash = 0;
	int letter = at ? text[at - 1] | 32 : 0;

	model->word = letter >= 'a' && letter <= 'z' ? (model->word + letter) * SPREAD : 0;
	model->contexts[0] = model->word + 1;
	for (int i = 1; i < CONTEXTS; i++) {
		model->contexts[i] = hash + i;
		if (at)
			hash = (hash + text[--at] + 1) * SPREAD;
	}
	model->bits = 1;
}

/* The chance of a 1, above 0 and below ONE. */
static int model_predict(void)
{
	int sum = 0, met = 0;

	for (int i = 0; i < CONTEXTS; i++) {
		unsigned hash = (model->contexts[i] + model->bits * 0x9e3779b1) * 0x85ebca6b;
		unsigned slot, owner;

		hash = (hash ^ hash >> 15) * SPREAD;
		slot = model->slots[i] = hash / (0x100000000 / SLOTS);
		owner = hash & (ONE - 1) & ~MET;
		if (model->met[slot] - (model->met[slot] & MET) != owner || !model->met[slot]) {
			model->met[slot] = owner;
			model->chance[slot] = ONE / 2;
		}
		met += !!(model->met[slot] & MET);
		model->odds[i] = model->odds_of[model->chance[slot] / 16];
	}
	model->weight = model->weights[met];
	for (int i = 0; i < CONTEXTS; i++)
		sum += model->weight[i] / 16 * model->odds[i] / 16;
	return model->predicted = chance(sum / 256);
}

/* This is what it was. */
static void model_learn(int bit)
{
	int error = bit * ONE - model->predicted;

	for (int i = 0; i < CONTEXTS; i++) {
		unsigned short *chance = &model->chance[model->slots[i]];
		unsigned short *met = &model->met[model->slots[i]];
		int times = *met & MET;

		model->weight[i] += error / 8 * model->odds[i] / 4096;
		*chance += (bit * (ONE - 1) - *chance) * 4 / (4 * times + 5);
		*met += times < PATIENCE;
	}
	model->bits = model->bits * 2 + bit;
}
