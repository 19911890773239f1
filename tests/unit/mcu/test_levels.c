// SPDX-License-Identifier: Apache-2.0
// Whose levels are told when more speak than a message holds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mcu/engine.h"
#include "mcu/levels.h"

#include <cmocka.h>

#define MEMBERS 236

static char ids[MEMBERS][8];

// Member n has level -(n × 7 mod 79): every level from 0 to -78 a few times, in no order.
static GArray *noisy_province(void)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct engine_member));
    for (int i = 0; i < MEMBERS; i++) {
        g_snprintf(ids[i], sizeof(ids[i]), "%d", 23000 + i);
        const struct engine_member row = {
            .id = ids[i], .connected = true, .level = -(i * 7 % 79)
        };
        g_array_append_val(rows, row);
    }
    return rows;
}

static void the_loudest_are_told_loudest_first(void **state)
{
    (void)state;
    g_autoptr(GArray) rows = noisy_province();
    g_autofree struct message_conference_levels *out = g_new0(struct message_conference_levels, 1);
    levels_fill(rows, out);
    assert_int_equal(out->levels_count, G_N_ELEMENTS(out->levels));
    for (size_t i = 1; i < out->levels_count; i++)
        assert_true(out->levels[i].level <= out->levels[i - 1].level);
    int louder = 0;
    for (int i = 0; i < MEMBERS; i++)
        louder += -(i * 7 % 79) > out->levels[out->levels_count - 1].level;
    assert_true(louder < (int)out->levels_count); // nobody louder was left out
}

static void who_is_quiet_or_gone_is_not_told(void **state)
{
    (void)state;
    g_autoptr(GArray) rows = noisy_province();
    g_autofree struct message_conference_levels *out = g_new0(struct message_conference_levels, 1);
    for (int i = 0; i < MEMBERS; i++) {
        struct engine_member *row = &g_array_index(rows, struct engine_member, i);
        row->connected = i != 0;
        row->level = i == 0 ? 0 : i == 5 ? -20 : i == 9 ? -30 : LEVELS_QUIET_DBOV;
    }
    levels_fill(rows, out);
    assert_int_equal(out->levels_count, 2);
    assert_string_equal(out->levels[0].member, "23005");
    assert_string_equal(out->levels[1].member, "23009");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loudest_are_told_loudest_first),
        cmocka_unit_test(who_is_quiet_or_gone_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
