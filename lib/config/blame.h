// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Blame: where in a configuration file stands what an error, "--FLAG VALUE: why", is about.

#include "base/result.h"
#include "config/file_entries.h"

#include <optional>
#include <span>
#include <string_view>

namespace sluice::config {

/// The flag that an error is about; empty where it does not begin as wrong() has it.
std::string_view blamed_flag(const Error& error);

/// The place of the value, or of the only entry that can have it; nothing where several can.
/// Of words that say the same value the last is meant: the first of them is right.
std::optional<Place> blamed_place(const Error& error, std::span<const FileEntry> entries);

}  // namespace sluice::config
