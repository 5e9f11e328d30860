// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flags: everything an operator can set, by name, each also a key of the configuration file.
///
/// Shape    One table. The command line registers it, --help prints it, load() reads by it.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::config {

/// How many words stand behind a flag.
enum class Arity : uint8_t {
    Switch,  ///< None: the flag itself says it.
    One,
    Each,  ///< One, and the flag may be repeated.
    Many,  ///< One or more, and the flag may be repeated.
};

struct Flag {
    std::string_view name;   ///< Without the dashes.
    std::string_view group;  ///< Its heading in --help.
    Arity arity = Arity::One;
    bool required = false;
    std::string_view value;  ///< What --help calls the word behind it.
    std::string_view help;
    Status (*read)(const Given& given, Config& config) = nullptr;
};

std::span<const Flag> flags();
/// Null where there is none of that name.
const Flag* find_flag(std::string_view name);

/// The section of a file that it may stand in: the first word of its group, in small letters.
std::string section_of(const Flag& flag);

}  // namespace sluice::config
