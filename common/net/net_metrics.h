// SPDX-License-Identifier: Apache-2.0
// What common/net counts; status pages show it in every daemon.
#pragma once

#include "common/base/metrics.h"

#define METRICS_NET(METRIC) \
    METRIC(GAUGE, net_connections, "Accepted TCP connections that are open") \
    METRIC(COUNTER, net_connections_total, "Accepted TCP connections") \
    METRIC(COUNTER, net_connections_refused_total, "Connections refused by a limit on addresses") \
    METRIC(COUNTER, net_tls_failures_total, "Connections that ended before their TLS handshake") \
    METRIC(COUNTER, net_http_requests_total, "HTTP requests") \
    METRIC(COUNTER, net_http_not_found_total, "HTTP requests for what does not exist") \
    METRIC(COUNTER, net_http_client_errors_total, "HTTP answers 400 to 499") \
    METRIC(COUNTER, net_http_server_errors_total, "HTTP answers 500 to 599") \
    METRIC(GAUGE, net_sessions, "Open WebSocket sessions") \
    METRIC(COUNTER, net_sessions_total, "WebSocket sessions opened") \
    METRIC(COUNTER, net_sessions_refused_total, \
            "WebSocket upgrades refused: path, origin, host or subprotocol") \
    METRIC(COUNTER, net_sessions_slow_total, \
            "WebSocket sessions closed because they read too slowly") \
    METRIC(COUNTER, net_messages_in_total, "WebSocket messages received") \
    METRIC(COUNTER, net_messages_out_total, "WebSocket messages sent") \
    METRIC(COUNTER, net_messages_bad_total, "WebSocket messages that were too large or not text") \
    METRIC(COUNTER, net_client_connects_total, "Outgoing WebSockets that were opened") \
    METRIC(COUNTER, net_client_failures_total, "Outgoing WebSockets that failed or were lost")

METRICS_DECLARE(METRICS_NET, net_metrics)
