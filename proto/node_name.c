/* Node names: the 40 characters by which a node is known for life. */
#include <rcsim/nodes_text.h>

bool rcs_node_name_valid(const char *text, size_t size_bytes)
{
    if (size_bytes != RCS_ID_LEN) {
        return false;
    }
    for (size_t i = 0; i < RCS_ID_LEN; i++) {
        bool letter = text[i] >= 'a' && text[i] <= 'z', digit = text[i] >= '0' && text[i] <= '9';
        if (!letter && !digit) {
            return false;
        }
    }
    return true;
}
