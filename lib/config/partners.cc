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

/// A flag, what it says where it asks for nothing, and those of which one is to be given beside it.
struct Row {
    string_view flag;
    string_view idle;         // empty: whatever it says it asks for something
    string_view partners[3];  // the last ones empty
};

constexpr Row kRows[] = {
    {"no-nat-inbound", "0", {"no-nat"}},
    {"port-blocks-per-host", "", {"port-block-size"}},
    {"ipv6-numbers", "", {"lan6"}},
    {"ipv6-peers", "", {"route6"}},
    {"reject-rate", "1000", {"invalid", "on-exhaustion"}},
    {"drain-time", "300", {"on-reload"}},
    {"log-both", "0", {"port-block-size"}},
    {"log-both", "0", {"ipfix", "netflow9", "log-flows"}},
    {"state-mismatch", "empty", {"state"}},
    {"sync-flows", "assured", {"sync"}},
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
        if (has_partner || !is_given(settings, row.flag))
            continue;
        const string said = joined(settings.find(row.flag)->second);
        if (said != row.idle)
            return wrong(row.flag, said, why_alone(row));
    }
    return Done{};
}

}  // namespace sluice::config
