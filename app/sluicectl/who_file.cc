// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/who_file.h"

#include "sluicectl/failure.h"
#include "sluicectl/past_holds.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

namespace sluicectl {
namespace {

void read_all(std::istream& lines, PastHolds& holds) {
    for (std::string line; std::getline(lines, line);)
        holds.read(line);
}

}  // namespace

int who_file(const Request::Past& past) {
    const auto endpoint = sluice::listing::PublicEndpoint::parse(past.endpoint);
    if (!endpoint)
        return fail(endpoint.error().message);
    const auto at = parse_time(past.at);
    if (!at)
        return fail(at.error().message);
    PastHolds holds(*endpoint, *at);
    for (const std::string& name : past.files) {
        std::ifstream file;
        if (name != "-")
            file.open(name);
        std::istream& lines = name == "-" ? std::cin : file;
        if (!lines)
            return fail(name + ": it cannot be opened: " + std::strerror(errno));
        read_all(lines, holds);
        if (lines.bad())
            return fail(name + ": it cannot be read: " + std::strerror(errno));
    }
    for (const std::string& loss : holds.losses())
        std::fprintf(stderr, "sluicectl: the log says that records were lost %s\n", loss.c_str());
    if (holds.unreadable() != 0)
        std::fprintf(stderr, "sluicectl: %llu lines are none of --log-flows json:\n",
                     static_cast<unsigned long long>(holds.unreadable()));
    const auto found = holds.holds();
    const std::string text =
        past.is_json ? past_json(*endpoint, found) : past_table(*endpoint, found);
    std::fputs(text.c_str(), stdout);
    return EXIT_SUCCESS;
}

}  // namespace sluicectl
