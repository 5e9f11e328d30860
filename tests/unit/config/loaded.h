// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A configuration that stands by itself, with some flags of a test's in the place of its own.

#include "config/load.h"
#include "config/validate.h"

#include <string>
#include <utility>

namespace sluice::config::testing {

class Loaded {
public:
    Loaded(Settings base, const Settings& changes) : settings_(std::move(base)) {
        for (const auto& [flag, values] : changes)
            settings_[flag] = values;
    }

    Result<Config> config() const { return load(settings_, {}); }
    /// The first error, of reading or of checking; empty for none.
    std::string error() const {
        constexpr unsigned kCpus[] = {0, 1, 2, 3};
        const Result<Config> read = config();
        if (!read)
            return read.error().message;
        const Status status = validate(read.value(), kCpus);
        return status ? "" : status.error().message;
    }

private:
    Settings settings_;
};

}  // namespace sluice::config::testing
