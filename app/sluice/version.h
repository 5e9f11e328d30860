// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The version, as meson.build states it.

namespace sluice::app {

extern const char* const kVersion;

}  // namespace sluice::app
