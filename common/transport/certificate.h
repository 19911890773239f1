// SPDX-License-Identifier: Apache-2.0
// The self-signed P-256 certificate that a process shows in
// DTLS; made new at each start (RFC 8827 §6.5).
#pragma once

#include "common/base/check.h"

struct certificate;
struct ssl_ctx_st; // OpenSSL's SSL_CTX

int certificate_new(struct certificate **out) MUST_CHECK;
void certificate_free(struct certificate *certificate);
// "AB:CD:…", upper-case SHA-256 (RFC 8122 §5); lent.
const char *certificate_fingerprint(const struct certificate *certificate);
// The DTLS settings that all connections with this certificate share; lent. Any thread.
struct ssl_ctx_st *certificate_dtls_context(const struct certificate *certificate);
