// SPDX-License-Identifier: Apache-2.0
// What the UVC driver and its link say to each other. The link's own thread does the ioctls: a
// stalled USB control pipe holds a call for seconds, and the loop may not wait for it.
#pragma once

#include <stdint.h>

#include "common/base/check.h"
#include "hw/link.h"

enum uvc_op {
    UVC_OPEN, // the link's own
    UVC_CLOSE,
    UVC_IDENTIFY,
    UVC_READ,    // where it stands
    UVC_MOVE,    // pan and tilt at once: they are one control of the device
    UVC_ZOOM,    // to a place
    UVC_SPEED,   // pan and tilt, percent; 0 and 0 stop
    UVC_ZOOMING, // percent; 0 stops
    UVC_STORE,   // a preset of the box: UVC has none
    UVC_RECALL,
};

struct uvc_request {
    uint32_t generation; // the link's own: answers of an earlier opening are dropped
    uint32_t serial;
    enum uvc_op op;
    int32_t pan; // arc seconds, or percent
    int32_t tilt;
    int32_t zoom;
    int32_t preset;
};

struct uvc_reply {
    uint32_t generation;
    uint32_t serial;
    enum uvc_op op;
    int32_t error; // negative errno
    int32_t pan;
    int32_t tilt;
    int32_t zoom;
    int32_t preset; // that stands here; -1: none
    char model[64];
};

// The system calls, so that tests can be the camera.
struct uvc_system {
    int (*open)(void *context, const char *path); // a number, or a negative errno
    void (*close)(void *context, int fd);
    int (*ioctl)(void *context, int fd, unsigned long request, void *argument); // 0 or -errno
    void *context;
};
extern const struct uvc_system uvc_linux;

// `presets_path`: the file that keeps the presets; NULL: they end with the link. `system` is lent
// and called from the link's thread.
struct hw_link *hw_link_uvc_new(struct loop *loop, const struct uvc_system *system,
        const char *path, const char *presets_path);
