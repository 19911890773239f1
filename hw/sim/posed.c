// SPDX-License-Identifier: Apache-2.0
#include "hw/sim/posed.h"

#include <string.h>

static const char *const fault_names[SIM_FAULT_COUNT] = {
    [SIM_FAULT_NONE] = "none",
    [SIM_FAULT_DEAF] = "deaf",
    [SIM_FAULT_SLOW] = "slow",
    [SIM_FAULT_REFUSE] = "refuse",
    [SIM_FAULT_BUSY] = "busy",
    [SIM_FAULT_RESTART] = "restart",
    [SIM_FAULT_OFF] = "off",
    [SIM_FAULT_LIE] = "lie",
    [SIM_FAULT_LOCK] = "lock",
    [SIM_FAULT_CHECKSUM] = "checksum",
    [SIM_FAULT_HALF_OPEN] = "half-open",
};

const char *sim_fault_name(enum sim_fault fault)
{
    return fault_names[fault];
}

enum sim_fault sim_fault_find(const char *name)
{
    enum sim_fault fault = SIM_FAULT_NONE;
    while (fault < SIM_FAULT_COUNT && strcmp(fault_names[fault], name) != 0)
        fault++;
    return fault;
}

// --- later -------------------------------------------------------------------------------------

struct sim_later {
    struct loop *loop;
    GPtrArray *jobs; // struct job, owned
};

struct job {
    struct sim_later *later;
    GSource *source;
    sim_later_fn *fn;
    void *context;
    size_t size;
    uint8_t data[];
};

static void job_free(void *data)
{
    struct job *job = data;
    loop_clear_source(&job->source);
    g_free(job);
}

static gboolean job_run(gpointer context)
{
    struct job *job = context;
    guint at;
    if (g_ptr_array_find(job->later->jobs, job, &at))
        g_ptr_array_steal_index(job->later->jobs, at);
    job->fn(job->context, job->data, job->size);
    job_free(job);
    return G_SOURCE_REMOVE;
}

struct sim_later *sim_later_new(struct loop *loop)
{
    struct sim_later *later = g_new0(struct sim_later, 1);
    later->loop = loop;
    later->jobs = g_ptr_array_new_with_free_func(job_free);
    return later;
}

void sim_later_free(struct sim_later *later)
{
    if (!later)
        return;
    g_ptr_array_unref(later->jobs);
    g_free(later);
}

void sim_later_add(struct sim_later *later, unsigned ms, sim_later_fn *fn, void *context,
        const void *data, size_t size)
{
    struct job *job = g_malloc0(sizeof(*job) + size);
    job->later = later;
    job->fn = fn;
    job->context = context;
    job->size = size;
    if (size)
        memcpy(job->data, data, size);
    job->source = loop_add_timer(later->loop, ms, job_run, job);
    g_ptr_array_add(later->jobs, job);
}

void sim_later_clear(struct sim_later *later)
{
    g_ptr_array_set_size(later->jobs, 0);
}
