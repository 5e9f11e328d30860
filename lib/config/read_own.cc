// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_own.h"

#include "config/read.h"
#include "config/read_helpers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

constexpr string_view kLog = "log";
constexpr string_view kHelper = "helper";
constexpr string_view kNoHelper = "none";

struct NamedOwnLimit {
    string_view name;
    std::optional<uint32_t> policy::OwnLimits::*field;
    uint32_t highest;
};
constexpr NamedOwnLimit kOwnLimits[] = {
    {"max-flows", &policy::OwnLimits::flows, hosts::kMostFlows},
    {"rate", &policy::OwnLimits::new_per_second, hosts::kHighestRate}};

string_view key_of(string_view word) {
    return word.substr(0, word.find('='));
}

const NamedOwnLimit* own_limit_of(string_view key) {
    for (const NamedOwnLimit& limit : kOwnLimits)
        if (limit.name == key)
            return &limit;
    return nullptr;
}

std::optional<size_t> timeout_of(string_view key) {
    return key.starts_with(kTimeoutPrefix)
               ? conntrack::timeout_place(key.substr(kTimeoutPrefix.size()))
               : std::nullopt;
}

/// An error about the word behind the sign, which has flag and word in front, as one about both.
Error about(const Given& given, const string& word, const Error& error) {
    const size_t front = wrong(given.flag, given.words.front(), "").message.size();
    return wrong(given.flag, word, string_view(error.message).substr(front));
}

Error said_twice(string_view flag, const string& word) {
    return wrong(flag, word, "the rule says this twice");
}

Status read_logging(const Given& value, const string& word, SnatRule& rule) {
    if (rule.logging != policy::Logging::AsSaid)
        return said_twice(value.flag, word);
    const Result<bool> is_on = read_switch(value);
    if (!is_on)
        return about(value, word, is_on.error());
    rule.logging = *is_on ? policy::Logging::Always : policy::Logging::Never;
    return Done{};
}

Status read_own_helpers(const Given& value, const string& word, SnatRule& rule) {
    if (rule.helpers)
        return said_twice(value.flag, word);
    if (value.words.front() == kNoHelper) {
        rule.helpers.emplace();
        return Done{};
    }
    Result<helper::Ports> helpers = read_helpers(value);
    if (!helpers || helpers.value().are_none())
        return wrong(value.flag, word, string(kHelperWanted) + "; or none");
    rule.helpers = std::move(*helpers);
    return Done{};
}

}  // namespace

bool is_own(string_view word) {
    const string_view key = key_of(word);
    return own_limit_of(key) != nullptr || timeout_of(key) || key == kLog || key == kHelper;
}

std::vector<string> own_keys() {
    std::vector<string> keys{string(kLog), string(kHelper)};
    for (const NamedOwnLimit& limit : kOwnLimits)
        keys.emplace_back(limit.name);
    for (const auto& timeout : conntrack::timeouts())
        keys.push_back(string(kTimeoutPrefix) + string(timeout.name));
    return keys;
}

Status read_own(string_view flag, const string& word, SnatRule& rule) {
    const string_view key = key_of(word);
    const std::vector<string> words{word.substr(std::min(key.size() + 1, word.size()))};
    const Given value{flag, words};
    if (const NamedOwnLimit* limit = own_limit_of(key)) {
        auto& field = rule.limits.*(limit->field);
        if (field)
            return said_twice(flag, word);
        const Result<uint32_t> number = read_number(value, {0, limit->highest});
        if (!number)
            return about(value, word, number.error());
        field = *number;
        return Done{};
    }
    if (key == kLog)
        return read_logging(value, word, rule);
    if (key == kHelper)
        return read_own_helpers(value, word, rule);
    Duration& timeout = rule.timeouts[*timeout_of(key)];
    if (timeout != Duration{})
        return said_twice(flag, word);
    const Result<Duration> seconds = read_seconds(value);
    if (!seconds)
        return about(value, word, seconds.error());
    timeout = *seconds;
    return Done{};
}

string own_to_string(const SnatRule& rule) {
    string text;
    for (const NamedOwnLimit& limit : kOwnLimits)
        if (const auto number = rule.limits.*(limit.field))
            text += ' ' + string(limit.name) + '=' + std::to_string(*number);
    for (size_t i = 0; i < rule.timeouts.size(); ++i)
        if (rule.timeouts[i] != Duration{})
            text += ' ' + string(kTimeoutPrefix) + string(conntrack::timeouts()[i].name) + '=' +
                    std::to_string(rule.timeouts[i].milliseconds / 1000);
    if (rule.logging != policy::Logging::AsSaid)
        text += rule.logging == policy::Logging::Always ? " log=1" : " log=0";
    if (rule.helpers)
        text +=
            " helper=" + (rule.helpers->are_none() ? string(kNoHelper) : to_string(*rule.helpers));
    return text;
}

}  // namespace sluice::config
