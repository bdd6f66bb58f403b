/* Vectors as tab-separated rows: a row a line, lines that begin with # are remarks. */
#ifndef RCSIM_TEST_TSV_H
#define RCSIM_TEST_TSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tsv {
    char *text;
    char *next;
};

void tsv_open(struct tsv *file, const char *path); /* below tests/vectors */
void tsv_close(struct tsv *file);
/* The next row, cut into exactly `count` fields inside the file's own text. False at the end. */
bool tsv_row(struct tsv *file, char *fields[], unsigned count);

#endif
