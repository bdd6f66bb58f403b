#include "tests/support/tsv.h"

#include "tests/support/support.h"

void tsv_open(struct tsv *file, const char *path)
{
    file->text = test_vector(path, NULL);
    file->next = file->text;
}

void tsv_close(struct tsv *file)
{
    free(file->text);
}

bool tsv_row(struct tsv *file, char *fields[], unsigned count)
{
    while (*file->next == '#') {
        file->next = strchr(file->next, '\n') + 1;
    }
    if (*file->next == '\0') {
        return false;
    }
    char *line = file->next;
    char *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    file->next = end + 1;
    for (unsigned i = 0; i < count; i++) {
        fields[i] = line;
        char *tab = strchr(line, '\t');
        assert_int_equal(tab != NULL, i + 1 < count);
        if (tab != NULL) {
            *tab = '\0';
            line = tab + 1;
        }
    }
    return true;
}
