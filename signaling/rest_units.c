// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.h"
#include "signaling/metrics.h"
#include "signaling/rest.h"

#define LOG_TOPIC "units"

enum error_code rest_unit_import(struct rest_call *call, char **detail)
{
    size_t size;
    const char *csv = web_request_body(call->request, &size);
    struct unit_fault fault;
    struct unit_tree *tree = unit_tree_parse(csv, size, &fault);
    if (!tree) {
        metric_add(&signal_unit_imports_refused_total, 1);
        *detail = g_strdup_printf("line %d: %s", fault.line, fault.text);
        return fault.code;
    }
    if (store_replace_units(call->service->store, tree) < 0) {
        unit_tree_free(tree);
        return ERROR_PROTO_INTERNAL;
    }
    metric_add(&signal_unit_imports_total, 1);
    ((struct message_rest_unit_import_reply *)call->reply)->imported =
            (int64_t)unit_tree_count(tree);
    log_info("units imported count=%zu", unit_tree_count(tree));
    service_take_units(call->service, tree);
    return ERROR_NONE;
}

enum error_code rest_unit_list(struct rest_call *call, char **detail)
{
    (void)detail;
    struct message_rest_unit_list_reply *reply = call->reply;
    const struct unit_tree *tree = call->service->units;
    for (size_t i = 0; tree && i < unit_tree_count(tree) && i < COUNT_OF(reply->units); i++) {
        const struct unit *unit = unit_tree_at(tree, i);
        struct type_unit *out = &reply->units[reply->units_count++];
        g_strlcpy(out->code, unit->code, sizeof(out->code));
        g_strlcpy(out->parent, unit->parent, sizeof(out->parent));
        out->has_parent = unit->parent[0];
        g_strlcpy(out->name, unit->name, sizeof(out->name));
        out->level = unit->level;
        out->link_kbps = unit->link_kbps;
        out->has_language = unit->language != LANGUAGE_FLOOR;
        out->language = unit->language;
    }
    return ERROR_NONE;
}
