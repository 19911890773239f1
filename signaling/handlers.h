// SPDX-License-Identifier: Apache-2.0
// The handlers of requests, by subject: handle_<subject>.c. dispatch.c has the table.
#pragma once

#include "signaling/dispatch.h"

handler_fn handle_floor_request, handle_floor_withdraw, handle_floor_yield, handle_floor_grant,
        handle_floor_release;
handler_fn handle_meeting_subscribe, handle_meeting_end, handle_member_mute, handle_member_mute_all;
handler_fn handle_language_hear, handle_language_speak, handle_member_language, handle_member_gain;
handler_fn handle_stage_set, handle_content_start, handle_content_stop;
handler_fn handle_media_offer;
handler_fn handle_room_report, handle_room_drive, handle_room_scene, handle_room_answer,
        handle_room_watch;
handler_fn handle_mcu_answer, handle_conference_report, handle_conference_levels;
