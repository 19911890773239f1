// SPDX-License-Identifier: Apache-2.0
#include "common/transport/ice.h"

#include <errno.h>
#include <gio/gio.h>
#include <nice/agent.h>
#include <nice/interfaces.h>
#include <string.h>

#define COMPONENT          1
#define SOCKET_BUFFER_SIZE (1 << 20) // a key frame must fit; the kernel's limit may cut it

struct ice {
    NiceAgent *agent;
    GMainContext *context;
    guint stream;
    bool is_server;
    bool is_connected;
    struct ice_events events;
    void *user;
    GSocket *socket; // of the selected pair
    struct ice_path path;
};

static void forget_path(struct ice *ice)
{
    if (ice->socket)
        g_object_unref(ice->socket);
    ice->socket = NULL;
    ice->path.fd = -1;
}

static void learn_path(struct ice *ice)
{
    NiceCandidate *local = NULL;
    NiceCandidate *remote = NULL;
    forget_path(ice);
    if (!nice_agent_get_selected_pair(ice->agent, ice->stream, COMPONENT, &local, &remote))
        return;
    ice->socket = nice_agent_get_selected_socket(ice->agent, ice->stream, COMPONENT);
    if (!ice->socket)
        return;
    struct sockaddr_storage *address = &ice->path.address;
    memset(address, 0, sizeof(*address));
    nice_address_copy_to_sockaddr(&remote->addr, (struct sockaddr *)address);
    ice->path.address_size = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                            : sizeof(struct sockaddr_in);
    ice->path.fd = g_socket_get_fd(ice->socket);
}

static void component_changed(
        NiceAgent *agent, guint stream, guint component, guint state, gpointer user)
{
    (void)agent;
    (void)stream;
    (void)component;
    struct ice *ice = user;
    if (state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY) {
        learn_path(ice);
        bool is_news = !ice->is_connected;
        ice->is_connected = true;
        if (is_news)
            ice->events.connected(ice->user);
    } else if (state == NICE_COMPONENT_STATE_FAILED) {
        ice->events.failed(ice->user);
    }
}

static void pair_selected(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
        NiceCandidate *remote, gpointer user)
{
    (void)agent;
    (void)stream;
    (void)component;
    (void)local;
    (void)remote;
    learn_path(user);
}

static void received(
        NiceAgent *agent, guint stream, guint component, guint size, gchar *data, gpointer user)
{
    (void)agent;
    (void)stream;
    (void)component;
    struct ice *ice = user;
    ice->events.received(ice->user, (uint8_t *)data, size);
}

// fe80::… means nothing without an interface, which a candidate can not name.
static bool is_link_local(const NiceAddress *address)
{
    return address->s.addr.sa_family == AF_INET6 &&
           IN6_IS_ADDR_LINKLOCAL(&address->s.ip6.sin6_addr);
}

static bool add_address(NiceAgent *agent, const char *text)
{
    NiceAddress address;
    nice_address_init(&address);
    return nice_address_set_from_string(&address, text) && !is_link_local(&address) &&
           nice_agent_add_local_address(agent, &address);
}

static int add_addresses(NiceAgent *agent, const char *const *wanted)
{
    size_t added = 0;
    if (wanted && wanted[0]) {
        for (size_t i = 0; wanted[i]; i++) {
            if (!add_address(agent, wanted[i]))
                return -EADDRNOTAVAIL;
        }
        return 0;
    }
    // libnice by itself leaves out the loopback interface.
    GList *all = nice_interfaces_get_local_ips(TRUE);
    for (GList *at = all; at && added < PEER_CANDIDATES_MAX; at = at->next)
        added += add_address(agent, at->data);
    g_list_free_full(all, g_free);
    return added > 0 ? 0 : -EADDRNOTAVAIL;
}

static void enlarge_socket_buffers(struct ice *ice)
{
    GPtrArray *sockets = nice_agent_get_sockets(ice->agent, ice->stream, COMPONENT);
    for (guint i = 0; sockets && i < sockets->len; i++) {
        int size = SOCKET_BUFFER_SIZE;
        int fd = g_socket_get_fd(sockets->pdata[i]);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    if (sockets)
        g_ptr_array_unref(sockets);
}

int ice_open(const struct ice_config *config, struct ice **out)
{
    struct ice *ice = g_new0(struct ice, 1);
    ice->context = g_main_context_ref(config->context);
    ice->is_server = config->is_server;
    ice->events = config->events;
    ice->user = config->user;
    ice->path.fd = -1;
    ice->agent = nice_agent_new_full(config->context, NICE_COMPATIBILITY_RFC5245,
            config->is_server ? NICE_AGENT_OPTION_LITE_MODE : NICE_AGENT_OPTION_NONE);
    g_object_set(ice->agent, "upnp", FALSE, "ice-tcp", FALSE, "controlling-mode",
            !config->is_server, NULL);
    int rc = add_addresses(ice->agent, config->local_addresses);
    if (rc < 0)
        goto fail;

    rc = -EIO;
    ice->stream = nice_agent_add_stream(ice->agent, 1);
    if (ice->stream == 0)
        goto fail;
    if (config->min_port && config->max_port) {
        nice_agent_set_port_range(
                ice->agent, ice->stream, COMPONENT, config->min_port, config->max_port);
    }
    g_signal_connect(ice->agent, "component-state-changed", G_CALLBACK(component_changed), ice);
    g_signal_connect(ice->agent, "new-selected-pair-full", G_CALLBACK(pair_selected), ice);
    nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, config->context, received, ice);
    rc = -EADDRINUSE;
    if (!nice_agent_gather_candidates(ice->agent, ice->stream))
        goto fail;
    enlarge_socket_buffers(ice);
    *out = ice;
    return 0;

fail:
    ice_close(ice);
    return rc;
}

// Without TURN and UPnP the agent has nothing to take leave
// of: the last reference closes its sockets.
void ice_close(struct ice *ice)
{
    if (!ice)
        return;
    forget_path(ice);
    g_signal_handlers_disconnect_by_data(ice->agent, ice);
    if (ice->stream)
        nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, ice->context, NULL, NULL);
    g_object_unref(ice->agent);
    g_main_context_unref(ice->context);
    g_free(ice);
}

static bool describe_candidate(const NiceCandidate *candidate, struct peer_candidate *out)
{
    if (candidate->transport != NICE_CANDIDATE_TRANSPORT_UDP ||
            candidate->type != NICE_CANDIDATE_TYPE_HOST)
        return false;
    char address[NICE_ADDRESS_STRING_LEN];
    nice_address_to_string(&candidate->addr, address);
    g_strlcpy(out->address, address, sizeof(out->address));
    out->port = (uint16_t)nice_address_get_port(&candidate->addr);
    out->priority = candidate->priority;
    g_strlcpy(out->foundation, candidate->foundation, sizeof(out->foundation));
    return true;
}

void ice_describe(const struct ice *ice, struct peer_description *out)
{
    gchar *ufrag = NULL;
    gchar *pwd = NULL;
    if (nice_agent_get_local_credentials(ice->agent, ice->stream, &ufrag, &pwd)) {
        g_strlcpy(out->ice_ufrag, ufrag, sizeof(out->ice_ufrag));
        g_strlcpy(out->ice_pwd, pwd, sizeof(out->ice_pwd));
    }
    g_free(ufrag);
    g_free(pwd);
    out->ice_lite = ice->is_server;
    GSList *all = nice_agent_get_local_candidates(ice->agent, ice->stream, COMPONENT);
    out->candidate_count = 0;
    for (GSList *at = all; at && out->candidate_count < PEER_CANDIDATES_MAX; at = at->next) {
        out->candidate_count +=
                describe_candidate(at->data, &out->candidates[out->candidate_count]);
    }
    g_slist_free_full(all, (GDestroyNotify)nice_candidate_free);
}

// NULL for what can not be tried, such as an mDNS name.
static NiceCandidate *remote_candidate(const struct peer_candidate *from, guint stream)
{
    NiceAddress address;
    nice_address_init(&address);
    if (from->priority == 0 || from->port == 0 ||
            !nice_address_set_from_string(&address, from->address))
        return NULL;
    nice_address_set_port(&address, from->port);
    NiceCandidate *candidate = nice_candidate_new(NICE_CANDIDATE_TYPE_HOST);
    candidate->component_id = COMPONENT;
    candidate->stream_id = stream;
    candidate->transport = NICE_CANDIDATE_TRANSPORT_UDP;
    candidate->addr = address;
    candidate->priority = from->priority;
    g_strlcpy(candidate->foundation, from->foundation, sizeof(candidate->foundation));
    return candidate;
}

int ice_set_remote(struct ice *ice, const struct peer_description *remote)
{
    if (!nice_agent_set_remote_credentials(
                ice->agent, ice->stream, remote->ice_ufrag, remote->ice_pwd))
        return -EINVAL;
    // A lite agent answers checks and never sends any: candidates would be of no use to it.
    if (ice->is_server)
        return 0;
    GSList *candidates = NULL;
    for (size_t i = 0; i < remote->candidate_count && i < PEER_CANDIDATES_MAX; i++) {
        NiceCandidate *candidate = remote_candidate(&remote->candidates[i], ice->stream);
        if (candidate)
            candidates = g_slist_append(candidates, candidate);
    }
    int added = candidates ? nice_agent_set_remote_candidates(
                                     ice->agent, ice->stream, COMPONENT, candidates)
                           : 0;
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
    return added > 0 ? 0 : -EINVAL;
}

// Its sources go to a context that nobody iterates.
void ice_stop_receiving(struct ice *ice)
{
    static GMainContext *parked;
    if (g_once_init_enter(&parked))
        g_once_init_leave(&parked, g_main_context_new());
    nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, parked, received, ice);
}

bool ice_is_connected(const struct ice *ice)
{
    return ice->is_connected;
}

const struct ice_path *ice_path(const struct ice *ice)
{
    return &ice->path;
}

int ice_send(struct ice *ice, const uint8_t *data, size_t size)
{
    int sent =
            nice_agent_send(ice->agent, ice->stream, COMPONENT, (guint)size, (const gchar *)data);
    return sent == (int)size ? 0 : -EAGAIN;
}
