// SPDX-License-Identifier: Apache-2.0
// A certificate as devices make their own at the factory: signed by itself, for no name.
#pragma once

#include "common/base/check.h"

// Writes `dir`/certificate.pem and `dir`/key.pem, and gives the certificate's SHA-256 in hex with
// colons (g_free). 0, or -EIO.
int self_signed_write(const char *dir, const char *name, char **fingerprint) MUST_CHECK;
