// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/check_file.h"

#include "config/sources.h"
#include "sluice/cores.h"

#include <cstdio>
#include <cstdlib>

namespace sluicectl {
namespace {

sluice::Status check(const std::string& path) {
    const auto sources = sluice::config::Sources::read({}, path, {});
    if (!sources)
        return sources.error();
    const auto config = sources.value().load();
    if (!config)
        return config.error();
    return sources.value().validate(config.value(), sluice::app::allowed_cpus());
}

}  // namespace

int check_file(const std::string& path) {
    if (const sluice::Status status = check(path); !status) {
        std::fprintf(stderr, "sluicectl: %s\n", status.error().message.c_str());
        return EXIT_FAILURE;
    }
    std::printf("%s is good\n", path.c_str());
    return EXIT_SUCCESS;
}

}  // namespace sluicectl
