// SPDX-License-Identifier: Apache-2.0
// How a machine gets its certificate: a one-time code, a new key, a signing request. Blocking; used
// by the programs' --enroll only.
#pragma once

#include "common/base/check.h"
#include "common/protocol/messages.h"

// File names under the state directory.
#define ENROLL_KEY_FILE         "key.pem" // mode 0600
#define ENROLL_CERTIFICATE_FILE "cert.pem"
#define ENROLL_CA_FILE          "ca.pem"

// `code` is "ABCD-EFGH-JKLM-NPQR.<base64url SHA-256 of the server's public key>": the server proves
// itself by that key, so no CA has to be known. `role` is what the machine is: a code of another
// kind is refused and not spent. `url` is https://host:8443. Stores key, certificate
// and CA in state_dir (made with mode 0700), all or nothing; for root, as its owner's files. 0 with
// *name = "room:64" (g_free), else a negative errno with *fault = one sentence for a person
// (g_free): -EINVAL bad code or url, -EACCES refused by the server, -EIO network or file.
int enroll(const char *url, const char *code, enum role role, const char *state_dir, char **name,
        char **fault) MUST_CHECK;
