// SPDX-License-Identifier: Apache-2.0
#include "hw/device.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"

#define LOG_TOPIC "hw"

enum {
    DEFAULT_DEADLINE_MS = 2000,
    STOP_REPEAT_MS = 150, // a stop that was not taken by then is said again
    STOP_REPEATS = 40,
    DEAD_MAN_MS = 1000,
    MISSES_MAX = 3, // silent requests in a row: the device is gone
    RECONCILE_MS = 60000,
    INVENTORY_AFTER_MS = 10000, // a device that came up has better things to do at first
    REOPEN_FIRST_MS = 500,
    REOPEN_MAX_MS = 4000,
    REOPEN_REFUSED_MS = 60000, // devices lock out who hammers with a wrong password
    STEADY_MS = 10000,         // a link that lived this long was a good one
};

enum priority { PRIORITY_POLL, PRIORITY_DESIRED, PRIORITY_ASKED, PRIORITY_LIVE };

// How often, and after how long, each class of error is worth another try.
static const struct {
    unsigned times;
    unsigned delay_ms;
    unsigned jitter_ms;
} retries[HW_RESULT_COUNT] = {
    [HW_TIMEOUT] = { 2, 20, 50 },
    [HW_BUSY] = { 5, 50, 50 },
    [HW_NOT_NOW] = { 6, 500, 250 },
    [HW_BAD_ANSWER] = { 1, 50, 50 },
    [HW_UNVERIFIED] = { 1, 100, 100 },
};

struct wish {
    struct hw_wish seen;
    uint32_t request; // what is under way for it; 0: nothing
};

struct hw_device {
    char *id;
    const struct hw_driver *driver;
    void *driver_state;
    struct hw_link *link;
    struct hw_clock *clock;
    struct hw_options options;
    void (*changed)(void *context, struct hw_device *device);
    void *context;

    enum hw_link_state state;
    int64_t state_since_ms;
    int64_t opened_ms;
    int64_t up_ms;
    int64_t reopen_ms; // 0: not waiting
    unsigned failures; // to connect or to stay, in a row
    enum hw_result fault;
    enum hw_field fault_field; // whose read or set brought the fault; HW_FIELD_COUNT: the link
    unsigned misses;
    int64_t last_contact_ms;
    char model[64];
    char last_model[64]; // of the device that was there before; "": none was

    struct hw_value actual[HW_FIELD_COUNT];
    bool is_unreadable[HW_FIELD_COUNT];  // the device said so
    int64_t read_ms[HW_FIELD_COUNT];     // when a read last ended well
    uint32_t newest_set[HW_FIELD_COUNT]; // an older set is neither verified nor retried
    struct wish wishes[HW_FIELD_COUNT];
    struct hw_counters counters;

    GPtrArray *queue;     // struct hw_request, owned
    GPtrArray *in_flight; // struct hw_request, owned, oldest first
    uint32_t last_id;
    uint32_t ending_id; // whose `done` is being called

    int64_t drive_until_ms; // 0: stands still
    int64_t zoom_until_ms;
    bool stop_owed; // a camera that we set in motion was lost: stop comes first
    bool stop_zoom_owed;

    int64_t next_poll_ms;
    int64_t next_inventory_ms; // 0: never
    int64_t next_reconcile_ms;
    size_t poll_at;

    struct hw_timer timer;
    unsigned depth; // calls into the device that are under way
    int send_error;
    bool is_restarted; // the driver saw it
    bool is_changed;
    bool is_closing;
};

static void settle(struct hw_device *device);
static void pursue(struct hw_device *device, enum hw_field field, bool read_first);

static int64_t now(const struct hw_device *device)
{
    return device->clock->now_ms(device->clock);
}

static unsigned jitter(struct hw_device *device, unsigned ms)
{
    return ms ? device->clock->random(device->clock) % ms : 0;
}

// Each way in is bracketed by these; what follows from it is done once, on the way out.
static void enter(struct hw_device *device)
{
    device->depth++;
}

static void leave(struct hw_device *device)
{
    if (device->depth == 1 && !device->is_closing)
        settle(device);
    device->depth--;
}

// --- what a driver can do ----------------------------------------------------------------------

static hw_start_fn *find_set(const struct hw_driver *driver, enum hw_field field)
{
    const struct hw_camera_ability *camera = driver->camera;
    const struct hw_display_ability *display = driver->display;
    const struct hw_call_ability *call = driver->call;
    switch (field) {
    case HW_POWER:
        return driver->power ? driver->power->set : NULL;
    case HW_PRESET:
        return camera ? camera->recall : display ? display->preset : NULL;
    case HW_ZOOM:
        return camera ? camera->zoom : NULL;
    case HW_INPUT:
        return display ? display->input : NULL;
    case HW_BRIGHTNESS:
        return display ? display->brightness : NULL;
    case HW_BLANK:
        return display ? display->blank : NULL;
    case HW_FREEZE:
        return display ? display->freeze : NULL;
    case HW_PATTERN:
        return display ? display->pattern : NULL;
    case HW_VOLUME:
        return call ? call->volume : NULL;
    case HW_MUTE:
        return call ? call->mute : NULL;
    case HW_CALL:
        return call ? call->call : NULL;
    default:
        return NULL;
    }
}

static hw_start_fn *find_start(
        const struct hw_driver *driver, enum hw_verb verb, enum hw_field field)
{
    const struct hw_camera_ability *camera = driver->camera;
    switch (verb) {
    case HW_SET:
        return find_set(driver, field);
    case HW_READ:
        return driver->read;
    case HW_KEEP:
        return driver->display ? driver->display->keep : NULL;
    case HW_DIAL:
        return driver->call ? driver->call->dial : NULL;
    case HW_STORE:
        return camera ? camera->store : NULL;
    case HW_HOME:
        return camera ? camera->home : NULL;
    case HW_DRIVE:
        return camera ? camera->drive : NULL;
    case HW_DRIVE_ZOOM:
        return camera ? camera->drive_zoom : NULL;
    case HW_STOP:
        return camera ? camera->stop : NULL;
    case HW_STOP_ZOOM:
        return camera ? camera->stop_zoom : NULL;
    case HW_IDENTIFY:
        return driver->identify;
    }
    return NULL;
}

bool hw_driver_can(const struct hw_driver *driver, enum hw_verb verb, enum hw_field field)
{
    return find_start(driver, verb, field) != NULL;
}

// --- the life of a request ---------------------------------------------------------------------

static bool is_stop(const struct hw_request *request)
{
    return request->command.verb == HW_STOP || request->command.verb == HW_STOP_ZOOM;
}

// Ends it for good. The one place where `done` is called.
static void complete(struct hw_device *device, struct hw_request *request, enum hw_result result)
{
    uint32_t outer = device->ending_id;
    device->ending_id = request->id;
    if (request->done)
        request->done(request->context, result);
    device->ending_id = outer;
    device->is_changed = true;
    g_free(request);
}

static void start(struct hw_device *device, struct hw_request *request)
{
    request->phase = 0;
    request->sequence = 0;
    request->socket = 0;
    request->is_accepted = false;
    request->deadline_ms = now(device) + DEFAULT_DEADLINE_MS;
    if (!request->is_verifying)
        request->attempts++;
    g_ptr_array_add(device->in_flight, request);

    hw_start_fn *fn = request->is_verifying ? device->driver->read
                                            : find_start(device->driver, request->command.verb,
                                                      request->command.field);
    fn(device, request); // may have ended it
}

static void put_back(struct hw_device *device, struct hw_request *request, unsigned delay_ms)
{
    request->not_before_ms = now(device) + delay_ms;
    g_ptr_array_add(device->queue, request);
}

static bool is_superseded(const struct hw_device *device, const struct hw_request *request)
{
    const struct hw_command *command = &request->command;
    return command->verb == HW_SET && request->id != device->newest_set[command->field];
}

static bool can_read(const struct hw_device *device, enum hw_field field)
{
    return device->driver->read && !device->is_unreadable[field];
}

static void assume(struct hw_device *device, enum hw_field field, int64_t value)
{
    device->actual[field] = (struct hw_value){ value, HW_ASSUMED, now(device) };
}

// A set that the device took is believed once it reads back. True: it was put back to be read.
static bool verify(struct hw_device *device, struct hw_request *request, enum hw_result *result)
{
    const struct hw_command *command = &request->command;
    const struct hw_value *actual = &device->actual[command->field];

    if (request->is_verifying && *result == HW_UNSUPPORTED) {
        device->is_unreadable[command->field] = true;
        *result = HW_OK;
    }
    if (*result != HW_OK)
        return false;
    if (!can_read(device, command->field)) {
        assume(device, command->field, command->value);
        return false;
    }
    if (!request->is_verifying) {
        request->is_verifying = true;
        request->verifications = 0;
        put_back(device, request, 0);
        return true;
    }
    if (actual->quality == HW_CONFIRMED && actual->value == command->value)
        return false;
    if (++request->verifications < device->driver->verify_tries) {
        put_back(device, request, device->driver->verify_ms);
        return true;
    }
    request->is_verifying = false;
    *result = HW_UNVERIFIED;
    return false;
}

static bool is_worth_retrying(const struct hw_request *request, enum hw_result result)
{
    if (request->is_poll || request->command.verb == HW_IDENTIFY)
        return false;
    // A late drive would set a camera in motion that somebody has let go of.
    if (request->command.verb == HW_DRIVE || request->command.verb == HW_DRIVE_ZOOM)
        return false;
    unsigned times =
            is_stop(request) && retries[result].times ? STOP_REPEATS : retries[result].times;
    return request->attempts <= times;
}

static void note_fault(
        struct hw_device *device, const struct hw_request *request, enum hw_result result)
{
    bool is_of_device =
            result == HW_DEVICE_FAULT || result == HW_UNVERIFIED || result == HW_BAD_ANSWER;
    if (is_of_device) {
        if (device->fault != result)
            log_warn("fault device=%s field=%s fault=%s", device->id,
                    hw_field_name(request->command.field), hw_result_name(result));
        device->fault = result;
        device->fault_field = request->command.field;
    } else if (result == HW_OK && device->fault_field == request->command.field) {
        device->fault = HW_OK;
        device->fault_field = HW_FIELD_COUNT;
    }
}

// An attempt has ended: verify, try again, or end the request.
static void finish(struct hw_device *device, struct hw_request *request, enum hw_result result)
{
    const struct hw_command *command = &request->command;
    g_ptr_array_remove(device->in_flight, request);

    if (is_superseded(device, request)) {
        complete(device, request, HW_CANCELLED);
        return;
    }
    if (command->verb == HW_SET && verify(device, request, &result))
        return;
    if (command->verb == HW_READ && result == HW_OK)
        device->read_ms[command->field] = now(device);
    if (command->verb == HW_READ && result == HW_UNSUPPORTED)
        device->is_unreadable[command->field] = true;

    if (device->state == HW_LINK_UP && is_worth_retrying(request, result)) {
        device->counters.retries++;
        unsigned delay_ms = retries[result].delay_ms + jitter(device, retries[result].jitter_ms);
        put_back(device, request, is_stop(request) && result == HW_TIMEOUT ? 0 : delay_ms);
        return;
    }
    if (command->verb == HW_SET || command->verb == HW_READ)
        note_fault(device, request, result);
    complete(device, request, result);
}

// --- the link ----------------------------------------------------------------------------------

static void set_state(struct hw_device *device, enum hw_link_state state)
{
    device->state = state;
    device->state_since_ms = now(device);
    device->is_changed = true;
}

static void complete_all(struct hw_device *device, enum hw_result result)
{
    while (device->in_flight->len)
        complete(device, g_ptr_array_steal_index(device->in_flight, 0), result);
    while (device->queue->len)
        complete(device, g_ptr_array_steal_index(device->queue, 0), result);
}

// What was known no longer holds, and what was under way is over.
static void interrupt(struct hw_device *device, enum hw_wish_state wish_state, enum hw_result fault)
{
    device->stop_owed |= device->drive_until_ms != 0;
    device->stop_zoom_owed |= device->zoom_until_ms != 0;
    for (guint i = 0; i < device->in_flight->len; i++) {
        const struct hw_request *request = g_ptr_array_index(device->in_flight, i);
        device->stop_owed |= request->command.verb == HW_STOP;
        device->stop_zoom_owed |= request->command.verb == HW_STOP_ZOOM;
    }
    device->drive_until_ms = 0;
    device->zoom_until_ms = 0;
    for (int field = 0; field < HW_FIELD_COUNT; field++) {
        if (device->actual[field].quality != HW_UNKNOWN)
            device->actual[field].quality = HW_STALE;
        struct wish *wish = &device->wishes[field];
        wish->request = 0;
        if (wish->seen.state != HW_WISH_NONE) {
            wish->seen.state = wish_state;
            wish->seen.result = fault;
        }
    }
    complete_all(device, fault == HW_LOCKED ? HW_LOCKED : HW_OFFLINE);
}

static void go_down(struct hw_device *device, enum hw_result fault)
{
    bool was_up = device->state == HW_LINK_UP;
    if (was_up || device->fault != fault)
        log_warn("device lost device=%s fault=%s", device->id, hw_result_name(fault));

    hw_link_close(device->link);
    device->failures =
            was_up && now(device) - device->up_ms >= STEADY_MS ? 0 : device->failures + 1;
    device->fault = fault;
    device->fault_field = HW_FIELD_COUNT;
    device->misses = 0;
    device->send_error = 0;
    device->is_restarted = false;
    set_state(device, HW_LINK_DOWN);

    unsigned wait_ms = fault == HW_REFUSED
                               ? REOPEN_REFUSED_MS
                               : MIN(REOPEN_FIRST_MS << MIN(device->failures, 8), REOPEN_MAX_MS);
    device->reopen_ms = now(device) + wait_ms - jitter(device, wait_ms / 4);
    interrupt(device, HW_WISH_FAILED, fault);
}

static void lost(struct hw_device *device, int error)
{
    bool was_up = device->state == HW_LINK_UP;
    enum hw_result fault = HW_OFFLINE;
    if (error == -EADDRINUSE || error == -EADDRNOTAVAIL || error == -EACCES || error == -EINVAL ||
            error == -ENOTTY)
        fault = HW_MISCONFIGURED;
    else if (error == -EKEYREJECTED)
        fault = HW_REFUSED;
    else if (error == -ENOKEY)
        fault = HW_UNTRUSTED;
    else if (device->driver->link_lost)
        fault = device->driver->link_lost(device, error, was_up, now(device) - device->opened_ms);
    go_down(device, fault);
}

static void open_link(struct hw_device *device)
{
    device->reopen_ms = 0;
    device->opened_ms = now(device);
    set_state(device, HW_LINK_CONNECTING);
    int rc = hw_link_open(device->link);
    if (rc < 0)
        lost(device, rc);
}

// Somebody put another device in its place: what the old one was known to have says nothing of
// this.
static void meet(struct hw_device *device)
{
    if (device->last_model[0] && strcmp(device->model, device->last_model) != 0) {
        log_warn("another device answers device=%s was=\"%s\" is=\"%s\"", device->id,
                device->last_model, device->model);
        for (int field = 0; field < HW_FIELD_COUNT; field++)
            device->actual[field].quality = HW_UNKNOWN;
    }
    g_strlcpy(device->last_model, device->model, sizeof(device->last_model));
}

static void identified(void *context, enum hw_result result)
{
    struct hw_device *device = context;
    if (device->is_closing || device->state != HW_LINK_IDENTIFYING)
        return;
    if (result != HW_OK) {
        go_down(device, result);
        return;
    }
    meet(device);
    log_info("device up device=%s model=\"%s\"", device->id, device->model);
    set_state(device, HW_LINK_UP);
    device->up_ms = now(device);
    device->counters.connects++;
    device->fault = HW_OK;
    device->next_poll_ms = device->up_ms;
    device->next_inventory_ms =
            device->driver->inventory_ms
                    ? device->up_ms + INVENTORY_AFTER_MS + jitter(device, INVENTORY_AFTER_MS)
                    : 0;
    device->next_reconcile_ms = device->up_ms + RECONCILE_MS;
    memset(device->is_unreadable, 0, sizeof(device->is_unreadable));

    if (device->stop_owed)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP }, NULL, NULL);
    if (device->stop_zoom_owed)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP_ZOOM }, NULL, NULL);
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        pursue(device, field, true);
}

static void identify(struct hw_device *device)
{
    set_state(device, HW_LINK_IDENTIFYING);
    if (device->driver->link_up)
        device->driver->link_up(device);
    struct hw_request *request = g_new0(struct hw_request, 1);
    request->id = ++device->last_id;
    request->command = (struct hw_command){ .verb = HW_IDENTIFY, .field = HW_FIELD_COUNT };
    request->done = identified;
    request->context = device;
    start(device, request);
}

static void link_up(void *context)
{
    struct hw_device *device = context;
    enter(device);
    identify(device);
    leave(device);
}

// The link held, but the device behind it began anew.
static void begin_anew(struct hw_device *device)
{
    device->is_restarted = false;
    if (device->state != HW_LINK_UP)
        return;
    log_info("device restarted device=%s", device->id);
    set_state(device, HW_LINK_IDENTIFYING);
    interrupt(device, HW_WISH_PENDING, HW_OK);
    identify(device);
}

static void link_down(void *context, int error)
{
    struct hw_device *device = context;
    enter(device);
    lost(device, error);
    leave(device);
}

static void link_received(void *context, const uint8_t *data, size_t size)
{
    struct hw_device *device = context;
    enter(device);
    if (device->state >= HW_LINK_IDENTIFYING)
        device->driver->received(device, data, size);
    leave(device);
}

// --- asking ------------------------------------------------------------------------------------

static void drop_queued(struct hw_device *device, enum hw_verb verb, enum hw_field field)
{
    for (guint i = 0; i < device->queue->len; i++) {
        struct hw_request *request = g_ptr_array_index(device->queue, i);
        if (request->command.verb == verb && request->command.field == field) {
            g_ptr_array_remove_index(device->queue, i);
            complete(device, request, HW_CANCELLED);
            return;
        }
    }
}

static uint32_t submit(struct hw_device *device, const struct hw_command *command,
        enum priority priority, hw_done_fn *done, void *context)
{
    struct hw_request *request = g_new0(struct hw_request, 1);
    request->id = ++device->last_id;
    request->command = *command;
    request->priority = priority;
    request->is_poll = priority == PRIORITY_POLL;
    request->done = done;
    request->context = context;

    if (!find_start(device->driver, command->verb, command->field)) {
        uint32_t id = request->id;
        complete(device, request, HW_UNSUPPORTED);
        return id;
    }
    if (device->is_closing || device->state != HW_LINK_UP) {
        uint32_t id = request->id;
        complete(device, request,
                device->is_closing           ? HW_CANCELLED
                : device->fault == HW_LOCKED ? HW_LOCKED
                                             : HW_OFFLINE);
        return id;
    }
    uint32_t id = request->id;
    if (command->verb == HW_SET)
        device->newest_set[command->field] = id;
    if (is_stop(request)) {
        start(device, request);
        return id;
    }
    drop_queued(device, command->verb, command->field);
    g_ptr_array_add(device->queue, request);
    return id;
}

// Somebody moves the camera by hand: the wish for a preset is over.
static void note_hand(struct hw_device *device, const struct hw_command *command)
{
    if (command->verb == HW_DRIVE || command->verb == HW_DRIVE_ZOOM || command->verb == HW_HOME)
        device->wishes[HW_PRESET] = (struct wish){ 0 };
    if (command->verb == HW_SET && command->field < HW_FIELD_COUNT)
        device->wishes[command->field] = (struct wish){ 0 };
}

uint32_t hw_device_submit(
        struct hw_device *device, const struct hw_command *asked, hw_done_fn *done, void *context)
{
    struct hw_command command = *asked;
    if (command.verb != HW_SET && command.verb != HW_READ)
        command.field = HW_FIELD_COUNT;
    if (command.verb == HW_DRIVE && command.pan == 0 && command.tilt == 0)
        command.verb = HW_STOP;
    if (command.verb == HW_DRIVE_ZOOM && command.zoom == 0)
        command.verb = HW_STOP_ZOOM;

    enter(device);
    bool is_up = device->state == HW_LINK_UP;
    note_hand(device, &command);
    switch (command.verb) {
    case HW_DRIVE:
        device->drive_until_ms = is_up ? now(device) + DEAD_MAN_MS : 0;
        break;
    case HW_DRIVE_ZOOM:
        device->zoom_until_ms = is_up ? now(device) + DEAD_MAN_MS : 0;
        break;
    case HW_STOP:
        device->drive_until_ms = 0;
        device->stop_owed = !is_up;
        drop_queued(device, HW_DRIVE, HW_FIELD_COUNT);
        break;
    case HW_STOP_ZOOM:
        device->zoom_until_ms = 0;
        device->stop_zoom_owed = !is_up;
        drop_queued(device, HW_DRIVE_ZOOM, HW_FIELD_COUNT);
        break;
    default:
        break;
    }
    bool is_live = command.verb == HW_DRIVE || command.verb == HW_DRIVE_ZOOM;
    uint32_t id = submit(device, &command, is_live ? PRIORITY_LIVE : PRIORITY_ASKED, done, context);
    leave(device);
    return id;
}

// --- desired against actual --------------------------------------------------------------------

static void reach(struct hw_device *device, enum hw_field field)
{
    struct wish *wish = &device->wishes[field];
    device->is_changed |= wish->seen.state != HW_WISH_REACHED;
    wish->seen.state = HW_WISH_REACHED;
    wish->seen.result = HW_OK;
}

static void fail(struct hw_device *device, enum hw_field field, enum hw_result result)
{
    struct wish *wish = &device->wishes[field];
    if (wish->seen.state != HW_WISH_FAILED || wish->seen.result != result)
        log_warn("not reached device=%s field=%s fault=%s", device->id, hw_field_name(field),
                hw_result_name(result));
    wish->seen.state = HW_WISH_FAILED;
    wish->seen.result = result;
    device->is_changed = true;
}

// One context a field: the device and which field it is.
struct wish_context {
    struct hw_device *device;
    enum hw_field field;
};

static bool is_latest(const struct wish_context *at)
{
    return at->device->wishes[at->field].request == at->device->ending_id;
}

// Nobody has looked at the field since the link came up.
static bool is_unread(const struct hw_device *device, enum hw_field field)
{
    bool was_read = device->read_ms[field] > 0 && device->read_ms[field] >= device->up_ms;
    return device->actual[field].quality < HW_CONFIRMED && !was_read;
}

// The other wishes of a device that has now been switched on, or could not be.
static void pursue_after_power(struct hw_device *device)
{
    for (int field = HW_POWER + 1; field < HW_FIELD_COUNT; field++)
        pursue(device, field, is_unread(device, field));
}

static void wish_read(void *context, enum hw_result result)
{
    g_autofree struct wish_context *at = context;
    if (!is_latest(at))
        return;
    at->device->wishes[at->field].request = 0;
    if (result == HW_OK || result == HW_UNSUPPORTED)
        pursue(at->device, at->field, false);
    else
        fail(at->device, at->field, result);
    if (at->field == HW_POWER)
        pursue_after_power(at->device);
}

static void wish_set(void *context, enum hw_result result)
{
    g_autofree struct wish_context *at = context;
    if (!is_latest(at))
        return;
    at->device->wishes[at->field].request = 0;
    if (result == HW_OK)
        reach(at->device, at->field);
    else
        fail(at->device, at->field, result);
    if (at->field == HW_POWER)
        pursue_after_power(at->device);
}

static void pursue(struct hw_device *device, enum hw_field field, bool read_first)
{
    struct wish *wish = &device->wishes[field];
    const struct hw_value *actual = &device->actual[field];
    if (wish->seen.state == HW_WISH_NONE || device->state != HW_LINK_UP || wish->request)
        return;
    // A device in standby refuses everything else: first things first.
    if (field != HW_POWER && device->wishes[HW_POWER].seen.state == HW_WISH_PENDING) {
        wish->seen.state = HW_WISH_PENDING;
        return;
    }

    bool is_known = actual->quality == HW_CONFIRMED || actual->quality == HW_ASSUMED;
    bool read = read_first && can_read(device, field);
    if (!read && is_known && actual->value == wish->seen.value) {
        reach(device, field);
        return;
    }
    if (wish->seen.state != HW_WISH_REACHED || !read)
        wish->seen.state = HW_WISH_PENDING;

    struct wish_context *at = g_new(struct wish_context, 1);
    *at = (struct wish_context){ device, field };
    struct hw_command command = {
        .verb = read ? HW_READ : HW_SET,
        .field = field,
        .value = wish->seen.value,
    };
    // submit() may end it before it returns; its number is the next one.
    wish->request = device->last_id + 1;
    submit(device, &command, PRIORITY_DESIRED, read ? wish_read : wish_set, at);
}

void hw_device_desire(struct hw_device *device, enum hw_field field, int64_t value)
{
    struct wish *wish = &device->wishes[field];
    enter(device);
    bool is_same = wish->seen.state != HW_WISH_NONE && wish->seen.value == value;
    if (!is_same || wish->seen.state == HW_WISH_FAILED) {
        wish->request = 0; // what is under way for the old value no longer speaks for the wish
        wish->seen = (struct hw_wish){ .state = HW_WISH_PENDING, .value = value };
        device->is_changed = true;
    }
    if (device->state != HW_LINK_UP && device->fault != HW_OK) {
        wish->seen.state = HW_WISH_FAILED;
        wish->seen.result = device->fault;
    }
    pursue(device, field, is_unread(device, field));
    leave(device);
}

// --- time --------------------------------------------------------------------------------------

static void check_deadlines(struct hw_device *device)
{
    for (guint i = 0; i < device->in_flight->len;) {
        struct hw_request *request = g_ptr_array_index(device->in_flight, i);
        if (request->deadline_ms > now(device)) {
            i++;
            continue;
        }
        device->counters.timeouts++;
        if (!request->is_accepted)
            device->misses++;
        if (request->is_poll)
            device->next_poll_ms = now(device) + device->driver->poll_ms / 4;
        finish(device, request, HW_TIMEOUT);
        i = 0;
    }
    if (device->misses >= MISSES_MAX && device->state == HW_LINK_UP)
        go_down(device, HW_TIMEOUT);
}

static void check_dead_man(struct hw_device *device)
{
    if (device->drive_until_ms && now(device) >= device->drive_until_ms)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP }, NULL, NULL);
    if (device->zoom_until_ms && now(device) >= device->zoom_until_ms)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP_ZOOM }, NULL, NULL);
}

static bool is_waiting_for_acceptance(const struct hw_device *device)
{
    for (guint i = 0; i < device->in_flight->len; i++) {
        const struct hw_request *request = g_ptr_array_index(device->in_flight, i);
        if (!request->is_accepted && !is_stop(request))
            return true;
    }
    return false;
}

static void poll_next(struct hw_device *device)
{
    const enum hw_field *polled = device->driver->polled;
    if (device->state != HW_LINK_UP || now(device) < device->next_poll_ms || !polled)
        return;
    device->next_poll_ms = now(device) + device->driver->poll_ms;
    if (device->queue->len || is_waiting_for_acceptance(device))
        return;
    for (size_t tried = 0; tried < HW_FIELD_COUNT; tried++) {
        if (polled[device->poll_at] == HW_FIELD_COUNT)
            device->poll_at = 0;
        enum hw_field field = polled[device->poll_at++];
        if (!can_read(device, field))
            continue;
        submit(device, &(struct hw_command){ .verb = HW_READ, .field = field }, PRIORITY_POLL, NULL,
                NULL);
        return;
    }
}

static void take_inventory(struct hw_device *device)
{
    if (device->state != HW_LINK_UP || !device->next_inventory_ms ||
            now(device) < device->next_inventory_ms)
        return;
    device->next_inventory_ms = now(device) + device->driver->inventory_ms;
    enum hw_field field = device->driver->inventory;
    if (can_read(device, field))
        submit(device, &(struct hw_command){ .verb = HW_READ, .field = field }, PRIORITY_POLL, NULL,
                NULL);
}

static void reconcile(struct hw_device *device)
{
    if (device->state != HW_LINK_UP || now(device) < device->next_reconcile_ms)
        return;
    device->next_reconcile_ms = now(device) + RECONCILE_MS;
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        pursue(device, field, true);
}

static void on_timer(void *context)
{
    struct hw_device *device = context;
    enter(device);
    check_deadlines(device);
    check_dead_man(device);
    if (device->reopen_ms && now(device) >= device->reopen_ms)
        open_link(device);
    reconcile(device);
    poll_next(device);
    take_inventory(device);
    bool tell = device->is_changed;
    device->is_changed = false;
    leave(device);
    if (tell && device->changed)
        device->changed(device->context, device);
}

static bool may_start(const struct hw_device *device, const struct hw_request *request)
{
    if (request->not_before_ms > now(device))
        return false;
    if (is_stop(request))
        return true;
    if (is_waiting_for_acceptance(device))
        return false;
    bool is_read = request->command.verb == HW_READ || request->is_verifying;
    return is_read || device->in_flight->len < device->driver->max_in_flight;
}

static int rank(const struct hw_request *request)
{
    return is_stop(request) ? PRIORITY_LIVE + 1 : request->priority;
}

static bool is_before(const struct hw_request *request, const struct hw_request *other)
{
    return rank(request) > rank(other) || (rank(request) == rank(other) && request->id < other->id);
}

// The most urgent of what may start now, the older of equals; NULL if none.
static struct hw_request *take_next(struct hw_device *device)
{
    struct hw_request *best = NULL;
    for (guint i = 0; i < device->queue->len; i++) {
        struct hw_request *request = g_ptr_array_index(device->queue, i);
        if (may_start(device, request) && (!best || is_before(request, best)))
            best = request;
    }
    if (best)
        g_ptr_array_remove(device->queue, best);
    return best;
}

static void earlier(int64_t *at_ms, int64_t other_ms)
{
    if (other_ms != 0 && (*at_ms == 0 || other_ms < *at_ms))
        *at_ms = other_ms;
}

static void arm_timer(struct hw_device *device)
{
    int64_t at_ms = 0;
    for (guint i = 0; i < device->in_flight->len; i++)
        earlier(&at_ms,
                ((struct hw_request *)g_ptr_array_index(device->in_flight, i))->deadline_ms);
    for (guint i = 0; i < device->queue->len; i++) {
        const struct hw_request *request = g_ptr_array_index(device->queue, i);
        if (request->not_before_ms > now(device))
            earlier(&at_ms, request->not_before_ms);
    }
    earlier(&at_ms, device->drive_until_ms);
    earlier(&at_ms, device->zoom_until_ms);
    earlier(&at_ms, device->reopen_ms);
    if (device->state == HW_LINK_UP) {
        earlier(&at_ms, device->next_poll_ms);
        earlier(&at_ms, device->next_reconcile_ms);
        earlier(&at_ms, device->next_inventory_ms);
    }
    if (device->is_changed)
        earlier(&at_ms, now(device));
    if (at_ms)
        device->clock->arm(device->clock, &device->timer, at_ms);
    else
        device->clock->disarm(device->clock, &device->timer);
}

static void settle(struct hw_device *device)
{
    for (;;) {
        if (device->send_error && device->state != HW_LINK_DOWN)
            lost(device, device->send_error);
        device->send_error = 0;
        if (device->is_restarted)
            begin_anew(device);
        struct hw_request *next = device->state == HW_LINK_UP ? take_next(device) : NULL;
        if (!next)
            break;
        start(device, next);
    }
    arm_timer(device);
}

// --- for drivers -------------------------------------------------------------------------------

void *hw_device_driver_state(struct hw_device *device)
{
    return device->driver_state;
}

const struct hw_options *hw_device_options(const struct hw_device *device)
{
    return &device->options;
}

bool hw_device_is_datagram(const struct hw_device *device)
{
    return device->link->is_datagram;
}

bool hw_device_is_serial(const struct hw_device *device)
{
    return device->link->is_serial;
}

void hw_device_send(struct hw_device *device, const void *data, size_t size)
{
    if (device->send_error)
        return;
    device->counters.sent++;
    device->send_error = hw_link_send(device->link, data, size);
}

void hw_device_set_model(struct hw_device *device, const char *model)
{
    g_strlcpy(device->model, model, sizeof(device->model));
    device->is_changed = true;
}

struct hw_request *hw_device_in_flight(struct hw_device *device, size_t n)
{
    return n < device->in_flight->len ? g_ptr_array_index(device->in_flight, n) : NULL;
}

void hw_request_set_deadline(struct hw_device *device, struct hw_request *request, unsigned ms)
{
    if (is_stop(request))
        ms = MIN(ms, STOP_REPEAT_MS);
    request->deadline_ms = now(device) + ms;
}

static void note_contact(struct hw_device *device)
{
    device->misses = 0;
    device->last_contact_ms = now(device);
}

void hw_request_accepted(struct hw_device *device, struct hw_request *request, unsigned ms)
{
    note_contact(device);
    // A stop that was taken is done: nothing waits for the motors to stand.
    if (is_stop(request)) {
        finish(device, request, HW_OK);
        return;
    }
    request->is_accepted = true;
    hw_request_set_deadline(device, request, ms);
}

void hw_request_done(struct hw_device *device, struct hw_request *request, enum hw_result result)
{
    if (result != HW_UNSUPPORTED && result != HW_BAD_VALUE)
        note_contact(device);
    finish(device, request, result);
}

void hw_device_observed(struct hw_device *device, enum hw_field field, int64_t value)
{
    struct hw_value *actual = &device->actual[field];
    if (actual->quality != HW_CONFIRMED || actual->value != value)
        device->is_changed = true;
    *actual = (struct hw_value){ value, HW_CONFIRMED, now(device) };
}

void hw_device_unknown(struct hw_device *device, enum hw_field field)
{
    device->is_changed |= device->actual[field].quality != HW_UNKNOWN;
    device->actual[field].quality = HW_UNKNOWN;
}

void hw_device_restarted(struct hw_device *device)
{
    device->is_restarted = true;
}

void hw_device_doubted(struct hw_device *device)
{
    if (device->state == HW_LINK_UP)
        device->next_reconcile_ms = now(device);
}

void hw_device_count_malformed(struct hw_device *device)
{
    device->counters.malformed++;
}

// --- the outside -------------------------------------------------------------------------------

struct hw_device *hw_device_new(const struct hw_device_config *config)
{
    struct hw_device *device = g_new0(struct hw_device, 1);
    device->id = g_strdup(config->id);
    device->driver = config->driver;
    device->driver_state = g_malloc0(config->driver->state_size);
    device->link = config->link;
    device->clock = config->clock;
    device->options = config->options;
    device->changed = config->changed;
    device->context = config->context;
    device->fault_field = HW_FIELD_COUNT;
    device->queue = g_ptr_array_new();
    device->in_flight = g_ptr_array_new();
    device->timer = (struct hw_timer){ .fn = on_timer, .context = device };
    device->link->listener = (struct hw_link_listener){ link_up, link_down, link_received, device };
    device->state_since_ms = now(device);
    if (device->driver->init)
        device->driver->init(device);
    return device;
}

void hw_device_start(struct hw_device *device)
{
    enter(device);
    open_link(device);
    leave(device);
}

void hw_device_free(struct hw_device *device)
{
    if (!device)
        return;
    enter(device);
    device->is_closing = true;
    device->clock->disarm(device->clock, &device->timer);
    hw_link_close(device->link);
    complete_all(device, HW_CANCELLED);
    hw_link_free(device->link);
    g_ptr_array_unref(device->queue);
    g_ptr_array_unref(device->in_flight);
    g_free(device->driver_state);
    g_free(device->id);
    g_free(device);
}

const char *hw_device_id(const struct hw_device *device)
{
    return device->id;
}

void hw_device_report(const struct hw_device *device, struct hw_report *out)
{
    memset(out, 0, sizeof(*out));
    out->id = device->id;
    out->driver = device->driver->name;
    out->model = device->model;
    out->link = device->state;
    out->link_since_ms = device->state_since_ms;
    out->last_contact_ms = device->last_contact_ms;
    out->fault = device->fault;
    memcpy(out->actual, device->actual, sizeof(out->actual));
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        out->wishes[field] = device->wishes[field].seen;
    out->counters = device->counters;
}

enum hw_quality hw_report_quality(const struct hw_report *report)
{
    enum hw_quality worst = HW_UNKNOWN;
    for (int field = 0; field < HW_FIELD_COUNT; field++) {
        enum hw_quality quality = report->actual[field].quality;
        if (quality != HW_UNKNOWN && (worst == HW_UNKNOWN || quality < worst))
            worst = quality;
    }
    return worst;
}
