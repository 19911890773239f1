// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/ask_words.h"

#include <glib.h>

struct words {
    const char *vi;
    const char *en;
};

static const struct words words[WORD_COUNT] = {
    [WORD_CENTRE] = { "trung tâm", "centre" },
    [WORD_CONNECTED] = { "đã kết nối", "connected" },
    [WORD_ALONE] = { "mất kết nối, phòng họp tự vận hành",
            "not connected, the room works on its own" },
    [WORD_MEETING] = { "cuộc họp", "meeting" },
    [WORD_NO_MEETING] = { "không có", "none" },
    [WORD_MEDIA] = { "hình và tiếng", "picture and sound" },
    [WORD_FLOOR] = { "phát biểu", "floor" },
    [WORD_SPEAKING] = { "đang phát biểu", "speaking" },
    [WORD_QUEUED] = { "đang chờ, thứ", "waiting, number" },
    [WORD_OF] = { "trong", "of" },
    [WORD_NOT_SPEAKING] = { "không", "no" },
    [WORD_HEARS] = { "tiếng nghe", "language heard" },
    [WORD_AS_IN_THE_HALL] = { "như trong hội trường", "as in the hall" },
    [WORD_SCENE] = { "khung cảnh", "scene" },
    [WORD_SETS_NOTHING] = { "không đặt thiết bị nào", "sets no device" },
    [WORD_WANTED] = { "cần", "wanted" },
    [WORD_ORDERS] = { "lệnh", "orders" },
    [WORD_SENT] = { "đã gửi", "sent" },
    [WORD_TIMEOUTS] = { "không trả lời", "timeouts" },
    [WORD_RETRIES] = { "gửi lại", "retries" },
    [WORD_MALFORMED] = { "sai quy cách", "malformed" },
    [WORD_CONNECTS] = { "lần kết nối", "connects" },
    [WORD_NO_PAGE] = { "rong-room không trả lời, xem: systemctl status rong-room",
            "rong-room does not answer, see: systemctl status rong-room" },
    [WORD_BAD_PAGE] = { "rong-room trả lời sai quy cách", "rong-room answered nonsense" },
};

static const struct words media_states[MEDIA_STATE_COUNT] = {
    [MEDIA_STATE_OFF] = { "chưa có", "off" },
    [MEDIA_STATE_CONNECTING] = { "đang kết nối", "connecting" },
    [MEDIA_STATE_CONNECTED] = { "tốt", "connected" },
    [MEDIA_STATE_FAILED] = { "mất", "failed" },
};

static const struct words device_states[DEVICE_STATE_COUNT] = {
    [DEVICE_STATE_UNKNOWN] = { "chưa rõ", "unknown" },
    [DEVICE_STATE_CONNECTING] = { "đang kết nối", "connecting" },
    [DEVICE_STATE_UP] = { "tốt", "up" },
    [DEVICE_STATE_DOWN] = { "mất kết nối", "down" },
    [DEVICE_STATE_FAULT] = { "có lỗi", "fault" },
};

static const struct words qualities[DEVICE_QUALITY_COUNT] = {
    [DEVICE_QUALITY_UNKNOWN] = { "chưa rõ", "unknown" },
    [DEVICE_QUALITY_ASSUMED] = { "chưa đọc lại", "assumed" },
    [DEVICE_QUALITY_STALE] = { "đã cũ", "stale" },
    [DEVICE_QUALITY_CONFIRMED] = { "đã xác nhận", "confirmed" },
};

static const struct words scene_states[SCENE_STATE_COUNT] = {
    [SCENE_STATE_APPLYING] = { "đang đặt", "applying" },
    [SCENE_STATE_CONFIRMED] = { "đã đặt xong", "confirmed" },
    [SCENE_STATE_FAILED] = { "chưa đặt được", "failed" },
};

static const struct words scenes[SCENE_COUNT] = {
    [SCENE_IDLE] = { "chờ", "idle" },
    [SCENE_MEETING] = { "họp", "meeting" },
    [SCENE_FLOOR] = { "phát biểu", "floor" },
    [SCENE_CONTENT] = { "trình chiếu", "content" },
    [SCENE_ENDED] = { "kết thúc", "ended" },
};

static bool is_english; // one command, one language

static bool locale_is_english(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
        const char *value = g_getenv(variables[i]);
        if (value && value[0])
            return g_str_has_prefix(value, "en");
    }
    return false;
}

bool ask_words_choose(const char *language)
{
    is_english = language ? g_str_equal(language, "en") : locale_is_english();
    return !language || is_english || g_str_equal(language, "vi");
}

static const char *say(const struct words *word)
{
    const char *text = is_english ? word->en : word->vi;
    return text ? text : "?"; // a state that a newer rong-room has
}

const char *ask_word(enum ask_word word)
{
    return say(&words[word]);
}

const char *ask_word_media(enum media_state state)
{
    return say(&media_states[state]);
}

const char *ask_word_device(enum device_state state)
{
    return say(&device_states[state]);
}

const char *ask_word_quality(enum device_quality quality)
{
    return say(&qualities[quality]);
}

const char *ask_word_scene_state(enum scene_state state)
{
    return say(&scene_states[state]);
}

const char *ask_word_scene(const char *name)
{
    enum scene event = scene_from_name(name);
    return event == SCENE_NONE ? name : say(&scenes[event]);
}

const char *ask_sentence(const char *code, const char *otherwise)
{
    enum error_code error = error_code_from_name(code);
    if (error == ERROR_NONE)
        return otherwise;
    return is_english ? error_infos[error].en : error_infos[error].vi;
}
