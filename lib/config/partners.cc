// SPDX-License-Identifier: BSD-3-Clause
#include "config/partners.h"

#include "config/read.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

/// A flag, and those of which one is to be given beside it.
struct Row {
    string_view flag;
    string_view partners[3];  // the last ones empty
};

constexpr Row kRows[] = {
    {"no-nat-inbound", {"no-nat"}},
    {"port-blocks-per-host", {"port-block-size"}},
    {"ipv6-numbers", {"lan6"}},
    {"ipv6-peers", {"route6"}},
    {"nat64-zero-checksum", {"nat64"}},
    {"reject-rate", {"invalid", "on-exhaustion"}},
    {"drain-time", {"on-reload"}},
    {"log-both", {"port-block-size"}},
    {"log-both", {"ipfix", "netflow9", "log-flows"}},
    {"state-mismatch", {"state"}},
    {"sync-flows", {"sync"}},
};

bool is_given(const Settings& settings, string_view flag) {
    const auto given = settings.find(flag);
    return given != settings.end() && !given->second.empty();
}

/// "it is for --a and --b, neither of which is given".
string why_alone(const Row& row) {
    const auto end = std::ranges::find(row.partners, string_view());
    string text = "it is for ";
    for (const auto* each = std::begin(row.partners); each != end; ++each) {
        const bool is_first = each == std::begin(row.partners);
        text += is_first ? "" : each + 1 == end ? " and " : ", ";
        text += "--" + string(*each);
    }
    const auto count = end - std::begin(row.partners);
    return text + (count == 1   ? ", which is not given"
                   : count == 2 ? ", neither of which is given"
                                : ", none of which is given");
}

}  // namespace

Status check_partners(const Settings& settings) {
    for (const Row& row : kRows) {
        const bool has_partner = std::ranges::any_of(
            row.partners, [&](string_view partner) { return is_given(settings, partner); });
        if (is_given(settings, row.flag) && !has_partner)
            return wrong(row.flag, joined(settings.find(row.flag)->second), why_alone(row));
    }
    return Done{};
}

}  // namespace sluice::config
