// SPDX-License-Identifier: Apache-2.0
// The house's own certificate authority: P-256, kept in the state directory. Browsers see a server
// certificate of it; rooms and MCUs get a client certificate for a one-time code.
// pki_open() at start; pki_sign_csr() any thread (it only reads).
#pragma once

#include <glib.h>

#include "common/base/check.h"

struct pki;

// Makes what is missing in `state_dir`: ca-key.pem, ca.pem (10 years), server-key.pem, server.pem
// (2 years, for `names`: DNS names and addresses, NULL-terminated). A server certificate that ends
// within 30 days or lacks a name is made anew with the same key, so that pins stay good.
// Negative errno and *fault (g_free) when the directory or a file is unusable.
int pki_open(const char *state_dir, char *const *names, struct pki **out, char **fault) MUST_CHECK;
void pki_close(struct pki *pki);

const char *pki_ca_path(const struct pki *pki);
const char *pki_server_certificate_path(const struct pki *pki);
const char *pki_server_key_path(const struct pki *pki);
const char *pki_ca_pem(const struct pki *pki);
// base64url SHA-256 of the server's SubjectPublicKeyInfo, without padding: what a machine pins.
const char *pki_server_pin(const struct pki *pki);

// Signs a PEM request for the name (CN, "room:64"), client authentication only, 5 years; whatever
// name the request itself carries is ignored. NULL: not a P-256 request that proves its key.
// On success *serial is the certificate's serial number in hex (g_free).
char *pki_sign_csr(
        const struct pki *pki, const char *csr_pem, const char *name, char **serial) MUST_CHECK;
