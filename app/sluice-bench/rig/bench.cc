// SPDX-License-Identifier: BSD-3-Clause
#include "rig/bench.h"

#include <cstdio>

namespace sluice::bench {

Result<Bench> Bench::start(const char* name, const Options& options, size_t bytes,
                           size_t eal_bytes) {
    HugePages pages;
    if (options.pages == PageKind::Huge) {
        auto reserved = HugePages::reserve(bytes + eal_bytes + (size_t{64} << 20));
        if (!reserved)
            return reserved.error();
        pages = std::move(reserved).value();
    }
    auto eal = Eal::start(eal_bytes, options.pages);
    if (!eal)
        return eal.error();
    return Bench(std::move(pages), std::move(eal).value(), Report(name, options.json));
}

Figure Bench::figure_of(const Traffic& c, const char* unit, const Samples& ours) {
    Figure figure;
    figure.of = {{"proto", c.protocol}, {"direction", c.direction}, {"order", c.order},
                 {"burst", c.burst},    {"flows", c.flows},         {"workers", c.workers}};
    figure.unit = unit;
    figure.ours = ours;
    return figure;
}

int Bench::end() const {
    report_.end();
    return 0;
}

int fail(const Error& error) {
    std::fprintf(stderr, "sluice-bench: %s\n", error.message.c_str());
    return 2;
}

}  // namespace sluice::bench
