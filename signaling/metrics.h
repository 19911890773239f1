// SPDX-License-Identifier: Apache-2.0
// What rong-signal counts.
#pragma once

#include "common/base/metrics.h"

#define METRICS_SIGNAL(METRIC) \
    METRIC(GAUGE, signal_sessions, "Sessions with a WebSocket connected now") \
    METRIC(GAUGE, signal_rooms, "Rooms connected now") \
    METRIC(GAUGE, signal_mcus, "MCUs connected now") \
    METRIC(GAUGE, signal_meetings_open, "Meetings that are open now") \
    METRIC(GAUGE, signal_units, "Units in the tree") \
    METRIC(COUNTER, signal_hellos_total, "Sessions begun") \
    METRIC(COUNTER, signal_resumes_total, "Sessions resumed with nothing lost") \
    METRIC(COUNTER, signal_replaced_total, "Sessions ended because their member came again") \
    METRIC(COUNTER, signal_requests_total, "Requests received on WebSockets") \
    METRIC(COUNTER, signal_requests_refused_total, "Requests answered with an error") \
    METRIC(COUNTER, signal_forbidden_total, "Requests that the role may not make") \
    METRIC(COUNTER, signal_bad_messages_total, "Messages that break the contract") \
    METRIC(COUNTER, signal_rate_limited_total, "Requests refused because they came too fast") \
    METRIC(COUNTER, signal_auth_refused_total, "Connections and REST requests without a right") \
    METRIC(COUNTER, signal_links_refused_total, "Links that were unknown, used or expired") \
    METRIC(COUNTER, signal_enroll_refused_total, "Enrolments refused") \
    METRIC(COUNTER, signal_enrolled_total, "Machines enrolled") \
    METRIC(COUNTER, signal_events_sent_total, "Events sent to sessions") \
    METRIC(COUNTER, signal_ephemeral_dropped_total, "Levels not sent to a slow session") \
    METRIC(COUNTER, signal_journal_events_total, "Events appended to journals") \
    METRIC(COUNTER, signal_journal_failures_total, "Operations refused: the journal did not take") \
    METRIC(COUNTER, signal_queue_dropped_total, \
            "Persons out of the queue: their session was over") \
    METRIC(COUNTER, signal_conference_desired_total, "States of conferences sent to an MCU") \
    METRIC(COUNTER, signal_offers_total, "Media offers relayed to an MCU") \
    METRIC(COUNTER, signal_offers_failed_total, "Media offers without an answer") \
    METRIC(COUNTER, signal_drives_total, "Orders by hand relayed to a room") \
    METRIC(COUNTER, signal_drives_failed_total, "Orders by hand that failed or had no answer") \
    METRIC(COUNTER, signal_unit_imports_total, "Unit files imported") \
    METRIC(COUNTER, signal_unit_imports_refused_total, "Unit files refused")

METRICS_DECLARE(METRICS_SIGNAL, signal_metrics)
