// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/control.h"

#include <string.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/net/enroll.h"
#include "common/net/web_socket_client.h"
#include "room-agent/core/metrics.h"

#define LOG_TOPIC "control"

#define REPLY_TIMEOUT_MS  10000
#define URGENT_TIMEOUT_MS 1500

struct pending {
    int64_t id;
    enum message_type type;
    int64_t deadline_ms;
    bool proves_connection;
    control_reply_fn *done;
    void *context;
};

struct control {
    struct loop *loop;
    struct web_socket_client *socket;
    struct control_handler handler;
    void *context;
    bool is_connected; // hello was answered
    int64_t last_id;
    GPtrArray *pending; // struct pending, owned
    GSource *timer;
    char sid[65]; // of the session to resume; "" for none
    int64_t last_seq;
};

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static void end(struct pending *pending, const void *reply, enum error_code error, const char *text)
{
    if (pending->done)
        pending->done(pending->context, reply, error, text);
    g_free(pending);
}

static void end_all(struct control *control)
{
    while (control->pending->len)
        end(g_ptr_array_steal_index(control->pending, 0), NULL, ERROR_NONE,
                "the connection was lost");
}

static gboolean check_timeouts(gpointer context)
{
    struct control *control = context;
    for (guint i = 0; i < control->pending->len;) {
        struct pending *pending = g_ptr_array_index(control->pending, i);
        if (now_ms() < pending->deadline_ms) {
            i++;
            continue;
        }
        g_ptr_array_remove_index(control->pending, i);
        log_warn("no reply op=%s", message_infos[pending->type].name);
        const bool is_dead = pending->proves_connection;
        end(pending, NULL, ERROR_NONE, "the centre did not answer");
        if (is_dead)
            web_socket_client_reconnect(control->socket);
        i = 0;
    }
    return G_SOURCE_CONTINUE;
}

static void send_request_within(struct control *control, enum message_type type, const void *body,
        int64_t timeout_ms, control_reply_fn *done, void *context)
{
    struct pending *pending = g_new(struct pending, 1);
    *pending = (struct pending){
        .id = ++control->last_id,
        .type = type,
        .deadline_ms = now_ms() + timeout_ms,
        .proves_connection = type == MESSAGE_HELLO || timeout_ms == URGENT_TIMEOUT_MS,
        .done = done,
        .context = context,
    };
    g_autofree char *text = envelope_request(type, pending->id, body);
    if (!web_socket_client_send(control->socket, text, strlen(text))) {
        end(pending, NULL, ERROR_NONE, "the centre is not connected");
        return;
    }
    g_ptr_array_add(control->pending, pending);
}

static void send_request(struct control *control, enum message_type type, const void *body,
        control_reply_fn *done, void *context)
{
    send_request_within(control, type, body, REPLY_TIMEOUT_MS, done, context);
}

void control_request_urgent(struct control *control, enum message_type type, const void *body,
        control_reply_fn *done, void *context)
{
    if (control->is_connected)
        send_request_within(control, type, body, URGENT_TIMEOUT_MS, done, context);
    else if (done)
        done(context, NULL, ERROR_NONE, "the centre is not connected");
}

void control_request(struct control *control, enum message_type type, const void *body,
        control_reply_fn *done, void *context)
{
    if (control->is_connected)
        send_request(control, type, body, done, context);
    else if (done)
        done(context, NULL, ERROR_NONE, "the centre is not connected");
}

bool control_is_connected(const struct control *control)
{
    return control->is_connected;
}

// --- what the socket says ----------------------------------------------------------------------

static void hello_answered(void *context, const void *body, enum error_code error, const char *text)
{
    struct control *control = context;
    const struct message_hello_reply *hello = body;
    if (!hello) {
        log_warn(
                "hello refused code=%s text=\"%s\"", error ? error_code_name(error) : "none", text);
        return;
    }
    if (!hello->resumed)
        control->last_seq = 0;
    g_strlcpy(control->sid, hello->sid, sizeof(control->sid));
    control->is_connected = true;
    log_info("connected room=%s resumed=%s", hello->self, hello->resumed ? "yes" : "no");
    control->handler.connected(control->context, hello);
}

static void socket_open(void *context)
{
    struct control *control = context;
    g_autofree struct message_hello *hello = g_new0(struct message_hello, 1);
    hello->versions_count = 1;
    hello->versions[0] = ENVELOPE_VERSION;
    hello->has_client = true;
    g_strlcpy(hello->client.name, "rong-room", sizeof(hello->client.name));
    g_strlcpy(hello->client.version, daemon_version(), sizeof(hello->client.version));
    if (control->sid[0]) {
        hello->has_resume = true;
        g_strlcpy(hello->resume.sid, control->sid, sizeof(hello->resume.sid));
        hello->resume.ack = control->last_seq;
    }
    metric_add(&room_connects_total, 1);
    send_request(control, MESSAGE_HELLO, hello, hello_answered, control);
}

static void take_event(struct control *control, const struct envelope *envelope)
{
    const struct message_info *info = &message_infos[envelope->type];
    struct fields_error error;
    if (envelope->seq > control->last_seq)
        control->last_seq = envelope->seq;
    if (envelope->type != MESSAGE_MEMBER_DESIRED && envelope->type != MESSAGE_ROOM_DESIRED &&
            envelope->type != MESSAGE_ROOM_DRIVEN)
        return; // the rest of the meeting is the centre's business
    g_autofree void *body = g_malloc0(info->size);
    if (envelope_body(envelope, body, &error) < 0) {
        metric_add(&room_bad_messages_total, 1);
        log_warn("bad event name=%s code=%s path=%s", info->name, error.code, error.path);
        return;
    }
    if (envelope->type == MESSAGE_MEMBER_DESIRED)
        control->handler.member_desired(control->context, body);
    else if (envelope->type == MESSAGE_ROOM_DESIRED)
        control->handler.room_desired(control->context, body);
    else
        control->handler.room_driven(control->context, body);
}

static struct pending *take_pending(struct control *control, int64_t id)
{
    for (guint i = 0; i < control->pending->len; i++) {
        struct pending *pending = g_ptr_array_index(control->pending, i);
        if (pending->id == id)
            return g_ptr_array_steal_index(control->pending, i);
    }
    return NULL;
}

static void take_reply(struct control *control, const struct envelope *envelope)
{
    struct pending *pending = take_pending(control, envelope->id);
    if (!pending)
        return; // given up before
    if (envelope->kind == ENVELOPE_ERROR) {
        end(pending, NULL, envelope->error,
                envelope->error_text[0] ? envelope->error_text : envelope->error_code);
        return;
    }
    struct fields_error error;
    g_autofree void *body = g_malloc0(MAX(message_infos[pending->type].reply_size, 1));
    if (envelope_reply_body(envelope, pending->type, body, &error) < 0) {
        metric_add(&room_bad_messages_total, 1);
        end(pending, NULL, ERROR_PROTO_BAD_FIELD, error.path);
        return;
    }
    end(pending, body, ERROR_NONE, NULL);
}

static void socket_message(void *context, const char *text, size_t size)
{
    struct control *control = context;
    g_autofree struct envelope *envelope = g_new0(struct envelope, 1);
    struct fields_error error;
    if (envelope_parse(text, size, envelope, &error) < 0) {
        metric_add(&room_bad_messages_total, 1);
        log_warn("bad message code=%s path=%s", error.code, error.path);
    } else if (envelope->kind == ENVELOPE_EVENT) {
        take_event(control, envelope);
    } else if (envelope->kind == ENVELOPE_REPLY || envelope->kind == ENVELOPE_ERROR) {
        take_reply(control, envelope);
    }
    envelope_fini(envelope);
}

static void socket_closed(void *context, int code, const char *reason)
{
    struct control *control = context;
    log_info("disconnected code=%d reason=%s", code, reason);
    bool was_connected = control->is_connected;
    control->is_connected = false;
    end_all(control);
    if (was_connected)
        control->handler.disconnected(control->context);
}

int control_open(struct loop *loop, const struct control_config *config,
        const struct control_handler *handler, void *context, struct control **out)
{
    static const struct web_socket_client_handler socket_handler = {
        .open = socket_open,
        .message = socket_message,
        .closed = socket_closed,
    };
    g_autofree char *ca = g_build_filename(config->state_dir, ENROLL_CA_FILE, NULL);
    g_autofree char *certificate =
            g_build_filename(config->state_dir, ENROLL_CERTIFICATE_FILE, NULL);
    g_autofree char *key = g_build_filename(config->state_dir, ENROLL_KEY_FILE, NULL);
    struct web_socket_client_config socket_config = {
        .url = config->url,
        .ca_file = ca,
        .certificate_file = certificate,
        .key_file = key,
        .local_address = config->local_address,
    };
    struct control *control = g_new0(struct control, 1);
    control->loop = loop;
    control->handler = *handler;
    control->context = context;
    control->pending = g_ptr_array_new();
    int rc = web_socket_client_open(
            loop, &socket_config, &socket_handler, control, &control->socket);
    if (rc < 0) {
        control_close(control);
        return rc;
    }
    control->timer = loop_add_timer(loop, 1000, check_timeouts, control);
    *out = control;
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    loop_clear_source(&control->timer);
    web_socket_client_close(control->socket);
    control->is_connected = false;
    end_all(control);
    g_ptr_array_unref(control->pending);
    g_free(control);
}
