/* Any text as lines of nodes.conf: refused with a place, or the same after it was written and read
 * again. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/nodes_text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rcs_conf_line line, back;

/* Without NUL, so that a byte read too far is found. */
static char *written(const struct rcs_node_line *node, size_t *size_bytes)
{
    *size_bytes = rcs_node_line_write(node, NULL, 0);
    char *text = malloc(*size_bytes + 1), *exact = malloc(*size_bytes);
    RCS_ASSERT(text != NULL && exact != NULL);
    RCS_ASSERT(rcs_node_line_write(node, text, *size_bytes + 1) == *size_bytes);
    RCS_ASSERT(strlen(text) == *size_bytes);
    memcpy(exact, text, *size_bytes);
    free(text);
    return exact;
}

static void check_node(void)
{
    size_t size_bytes, again_bytes;
    char *text = written(&line.node, &size_bytes);
    RCS_ASSERT(rcs_conf_line_read(text, size_bytes, &back, NULL) == RCS_OK);
    RCS_ASSERT(back.kind == RCS_CONF_NODE && back.node.flags == line.node.flags);
    RCS_ASSERT(memcmp(&back.node.address, &line.node.address, sizeof(line.node.address)) == 0);
    RCS_ASSERT(memcmp(&back.node.slots, &line.node.slots, sizeof(line.node.slots)) == 0);
    RCS_ASSERT(strcmp(back.node.hostname, line.node.hostname) == 0);
    RCS_ASSERT(strcmp(back.node.master, line.node.master) == 0);
    RCS_ASSERT(back.node.config_epoch == line.node.config_epoch);
    char *again = written(&back.node, &again_bytes);
    RCS_ASSERT(again_bytes == size_bytes && memcmp(text, again, size_bytes) == 0);
    free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct rcs_diag diag = { .column = 0 };
    enum rcs_err err = rcs_conf_line_read(text, size, &line, &diag);
    RCS_IMPLIES(err != RCS_OK,
                diag.column > 0 && (size_t)diag.column <= size + 1 && diag.text[0] != '\0');
    if (err == RCS_OK && line.kind == RCS_CONF_NODE) {
        check_node();
    }
    return 0;
}
