// SPDX-License-Identifier: Apache-2.0
// The one place where the version stands; tools read it from here too.
#pragma once

#define RONG_VERSION "0.1.0"
