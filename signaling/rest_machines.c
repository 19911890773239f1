// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/base/log.h"
#include "common/protocol/body.h"
#include "signaling/metrics.h"
#include "signaling/rest.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "enroll"

#define SIGN_QUEUE_MAX 64

static enum error_code make_code(
        struct rest_call *call, const char *machine, char *code, size_t size, char *expires_at)
{
    int64_t expires_ms;
    g_autofree char *made =
            auth_make_code(call->service->auth, machine, wall_clock_ms(), &expires_ms);
    if (!made)
        return ERROR_PROTO_INTERNAL;
    g_strlcpy(code, made, size);
    wall_clock_format(expires_ms, expires_at);
    log_info("code made machine=%s", machine);
    return ERROR_NONE;
}

enum error_code rest_room_code(struct rest_call *call, char **detail)
{
    struct message_rest_room_code_reply *reply = call->reply;
    const char *unit = web_request_parameter(call->request, "code");
    if (!call->service->units || !unit_tree_find(call->service->units, unit)) {
        *detail = g_strdup("import the units first: rong unit import FILE.csv");
        return ERROR_UNIT_UNKNOWN;
    }
    g_autofree char *machine = g_strdup_printf("room:%s", unit);
    return make_code(call, machine, reply->code, sizeof(reply->code), reply->expires_at);
}

enum error_code rest_mcu_code(struct rest_call *call, char **detail)
{
    struct message_rest_mcu_code_reply *reply = call->reply;
    g_autofree char *machine =
            g_strdup_printf("mcu:%s", web_request_parameter(call->request, "name"));
    struct identity who;
    if (!auth_machine(machine, &who)) {
        *detail = g_strdup("an MCU's name is 1 to 32 of a-z 0-9 -");
        return ERROR_PROTO_BAD_FIELD;
    }
    return make_code(call, machine, reply->code, sizeof(reply->code), reply->expires_at);
}

// --- enrolment: the certificate is signed by a helper thread -------------------------------------

struct signing {
    struct service *service;
    struct web_request *request;
    char *code;
    char *csr;
    char *name;
    char *certificate; // set by the helper thread; NULL: a bad request
    char *serial;
};

static void free_signing(struct signing *signing)
{
    g_free(signing->code);
    g_free(signing->csr);
    g_free(signing->name);
    g_free(signing->certificate);
    g_free(signing->serial);
    g_free(signing);
}

static void answer_enroll(const struct signing *signing)
{
    struct rest_call call = {
        .service = signing->service,
        .request = signing->request,
        .type = MESSAGE_REST_ENROLL,
    };
    g_autofree struct message_rest_enroll_reply *reply =
            g_new0(struct message_rest_enroll_reply, 1);
    g_strlcpy(reply->certificate, signing->certificate, sizeof(reply->certificate));
    g_strlcpy(reply->ca, pki_ca_pem(signing->service->pki), sizeof(reply->ca));
    g_strlcpy(reply->name, signing->name, sizeof(reply->name));
    call.reply = reply;
    rest_answer(&call, NULL);
}

// On the loop. The code is spent only for a certificate that was made: who sent a bad request may
// try again with the same code.
static void on_signed(void *context, const void *data)
{
    (void)context;
    struct signing *signing = *(struct signing *const *)data;
    enum error_code code = ERROR_ENROLL_BAD_CSR;
    if (signing->certificate)
        code = auth_spend_code(
                signing->service->auth, signing->code, signing->serial, wall_clock_ms());
    if (code == ERROR_NONE) {
        metric_add(&signal_enrolled_total, 1);
        log_info("machine enrolled name=%s serial=%s", signing->name, signing->serial);
        answer_enroll(signing);
    } else {
        metric_add(&signal_enroll_refused_total, 1);
        log_warn("enrolment refused name=%s code=%s", signing->name, error_code_name(code));
        web_reply_problem(signing->request, code, NULL);
    }
    free_signing(signing);
}

// On the helper thread.
static void sign(gpointer data, gpointer user_data)
{
    struct signing *signing = data;
    struct service *service = user_data;
    signing->certificate =
            pki_sign_csr(service->pki, signing->csr, signing->name, &signing->serial);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): the pointer itself crosses
    loop_post(service->loop, on_signed, NULL, &signing, sizeof(signing));
}

GThreadPool *rest_signers_new(struct service *service)
{
    return g_thread_pool_new(sign, service, 1, FALSE, NULL);
}

// "room:64" is of ROLE_ROOM.
static bool is_of(const char *name, enum role role)
{
    g_autofree char *prefix = g_strdup_printf("%s:", role_name(role));
    return g_str_has_prefix(name, prefix);
}

enum error_code rest_enroll(struct rest_call *call, char **detail)
{
    (void)detail;
    const struct message_rest_enroll *body = call->body;
    struct service *service = call->service;
    char *name = NULL;
    enum error_code code = auth_check_code(service->auth, body->code, wall_clock_ms(), &name);
    if (code == ERROR_NONE && body->has_role && !is_of(name, body->role))
        code = ERROR_ENROLL_WRONG_KIND;
    if (code == ERROR_NONE && g_thread_pool_unprocessed(service->signers) >= SIGN_QUEUE_MAX)
        code = ERROR_PROTO_RATE;
    if (code != ERROR_NONE) {
        metric_add(&signal_enroll_refused_total, 1);
        g_free(name);
        return code;
    }
    struct signing *signing = g_new0(struct signing, 1);
    signing->service = service;
    signing->request = call->request;
    signing->code = g_strdup(body->code);
    signing->csr = g_strdup(body->csr);
    signing->name = name;
    g_thread_pool_push(service->signers, signing, NULL);
    return REST_LATER;
}
