// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A configuration that stands by itself, with some flags of a test's in the place of its own.

#include "config/load.h"
#include "config/validate.h"

#include <array>
#include <map>
#include <string>
#include <utility>

namespace sluice::test {

/// The shortest file that is a configuration. Its sixth line is a test's first.
inline constexpr const char* kLeastFile =
    "lan = af_packet:l0\nwan = af_packet:w0\n"
    "lan-address = 10.1.0.1/24\nwan-address = 198.51.100.1/24\n"
    "gateway = 198.51.100.254\n";
inline constexpr std::array<unsigned, 4> kCpus{0, 1, 2, 3};

/// Likewise as flags.
inline config::Settings least_settings() {
    return {{"lan", {"af_packet:l0"}},
            {"wan", {"af_packet:w0"}},
            {"lan-address", {"10.1.0.1/24"}},
            {"wan-address", {"198.51.100.1/24"}},
            {"gateway", {"198.51.100.254"}}};
}

/// Flags with a value each; an empty one takes the flag away.
using Flags = std::map<std::string, std::string>;

class Loaded {
public:
    Loaded(config::Settings base, const Flags& changes) : settings_(std::move(base)) {
        for (const auto& [flag, value] : changes)
            if (value.empty())
                settings_.erase(flag);
            else
                settings_[flag] = {value};
    }
    Loaded(config::Settings base, const config::Settings& changes) : settings_(std::move(base)) {
        for (const auto& [flag, values] : changes)
            settings_[flag] = values;
    }

    Result<config::Config> config() const { return config::load(settings_, {}); }
    /// The first error, of reading or of checking; empty for none.
    std::string error() const {
        const Result<config::Config> read = config();
        if (!read)
            return read.error().message;
        const Status status = config::validate(read.value(), kCpus);
        return status ? "" : status.error().message;
    }

private:
    config::Settings settings_;
};

}  // namespace sluice::test
