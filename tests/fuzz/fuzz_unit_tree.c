// SPDX-License-Identifier: Apache-2.0
// module: signaling
// unit_tree_parse: a tree that was accepted has one root, and every unit is below it.
#include <glib.h>
#include <string.h>

#include "signaling/unit_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void holds_together(const struct unit_tree *tree)
{
    const struct unit *root = NULL;
    for (size_t i = 0; i < unit_tree_count(tree); i++) {
        if (!unit_tree_at(tree, i)->parent[0])
            root = unit_tree_at(tree, i);
    }
    g_assert_nonnull(root);
    for (size_t i = 0; i < unit_tree_count(tree); i++) {
        const struct unit *unit = unit_tree_at(tree, i);
        g_assert_true(unit_tree_find(tree, unit->code) == unit);
        g_assert_true(unit_tree_is_within(tree, unit->code, root->code));
        g_assert_true(g_utf8_validate(unit->name, -1, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct unit_fault fault = { 0 };
    struct unit_tree *tree = unit_tree_parse((const char *)data, size, &fault);
    if (tree)
        holds_together(tree);
    else
        g_assert_true(fault.line > 0 && fault.code != ERROR_NONE && fault.text[0]);
    unit_tree_free(tree);
    return 0;
}
