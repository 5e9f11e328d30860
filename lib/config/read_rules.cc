// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_rules.h"

#include "config/read_independence.h"
#include "config/read_match.h"
#include "config/read_own.h"
#include "net/text.h"

#include <span>
#include <sstream>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

constexpr string_view kArrow = "->";

std::vector<string> words_of(const string& text) {
    std::vector<string> words;
    std::istringstream stream(text);
    for (string word; stream >> word;)
        words.push_back(word);
    return words;
}

Error no_rule(const Given& given, const string& text) {
    return wrong(given.flag, text,
                 "a rule is written PREFIX -> POOL, as 10.2.0.0/16 -> 198.51.100.1-198.51.100.8 or "
                 "10.2.0.0/16 -> 198.51.100.9:1024-65535");
}

/// An error about a part of a rule, which has the flag's name in front, as one about the rule.
Error within(const Given& given, const string& rule, const Error& error) {
    return wrong(given.flag, rule, error.message.substr(given.flag.size() + 3));
}

/// RANGE[,RANGE…][:FIRST-LAST]
Status read_pool(const Given& given, const string& text, SnatRule& rule) {
    const size_t colon = text.find(':');
    const std::vector<string> ranges{text.substr(0, colon)};
    auto addresses = read_ranges({given.flag, ranges});
    if (!addresses)
        return addresses.error();
    rule.addresses = std::move(*addresses);
    if (colon == string::npos)
        return Done{};
    const auto ports = parse_ports(string_view(text).substr(colon + 1));
    if (!ports)
        return wrong(given.flag, text,
                     "behind the colon a range of ports from 1 to 65535 is wanted, as 1024-65535");
    rule.ports = *ports;
    return Done{};
}

Result<SnatRule> read_rule(const Given& given, const string& text) {
    const size_t arrow = text.find(kArrow);
    if (arrow == string::npos)
        return no_rule(given, text);
    const std::vector<string> left = words_of(text.substr(0, arrow));
    const std::vector<string> right = words_of(text.substr(arrow + kArrow.size()));
    if (left.empty() || right.empty())
        return no_rule(given, text);
    SnatRule rule;
    const Result<policy::Match> match = read_match(given.flag, left);
    if (!match)
        return within(given, text, match.error());
    rule.inside = (*match).inside;
    rule.inside6 = (*match).inside6;
    rule.toward = (*match).toward;
    rule.zone = (*match).zone;
    if (Status status = read_pool(given, right[0], rule); !status)
        return within(given, text, status.error());
    std::vector<string> rest;
    for (const string& word : std::span(right).subspan(1))
        if (!is_own(word))
            rest.push_back(word);
        else if (Status status = read_own(given.flag, word, rule); !status)
            return within(given, text, status.error());
    auto independence = read_independence(given.flag, rest, rule.ports);
    if (!independence)
        return within(given, text, independence.error());
    rule.independence = std::move(*independence);
    if (rule.independence && !rule.toward.is_whomever())
        return wrong(given.flag, text,
                     "mapping=endpoint-independent is for whomever a host talks to: it does not go "
                     "with a destination or a protocol before the arrow; for= names protocols");
    return rule;
}

}  // namespace

Result<std::vector<SnatRule>> read_snat(const Given& given) {
    std::vector<SnatRule> rules;
    for (const string& word : given.words) {
        Result<SnatRule> rule = read_rule(given, word);
        if (!rule)
            return rule.error();
        rules.push_back(std::move(*rule));
    }
    return rules;
}

string to_string(const SnatRule& rule) {
    string text =
        to_string(policy::Match{rule.inside, rule.toward, rule.zone, rule.inside6}) + " -> ";
    for (const AddressRange& range : rule.addresses)
        text += (&range == &rule.addresses.front() ? "" : ",") + net::to_string(range);
    if (rule.ports != pool::kAllPorts)
        text += ':' + to_string(rule.ports);
    if (rule.independence)
        text += ' ' + to_string(*rule.independence);
    return text + own_to_string(rule);
}

}  // namespace sluice::config
