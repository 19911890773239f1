// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made on the spot.
#pragma once

// Writes into `dir`: ca.pem, server.pem and server-key.pem (127.0.0.1, ::1, localhost), client.pem
// and client-key.pem (CN room:64), and stranger.pem and stranger-key.pem (CN room:64 too, but
// signed by a CA that nobody knows).
void certificates_write(const char *dir);
