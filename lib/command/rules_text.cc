// SPDX-License-Identifier: BSD-3-Clause
#include "command/rules_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::command {

std::string rules_table(const Subject& subject) {
    constexpr size_t kWidest = 60;
    constexpr size_t kNumber = 12;
    const std::vector<RuleReport> rules = subject.rules();
    size_t width = 4;
    for (const RuleReport& rule : rules)
        width = std::max(width, std::min(kWidest, rule.flag.size() + 3 + rule.text.size()));
    const auto line = [&](std::string packets, std::string rule, const std::string& place) {
        packets.insert(0, kNumber - std::min(kNumber, packets.size()), ' ');
        if (!place.empty())
            rule.resize(std::max(rule.size(), width) + 2, ' ');
        return packets + "  " + rule + place + '\n';
    };
    std::string table = line("packets", "rule", "at");
    for (const RuleReport& rule : rules)
        table += line(std::to_string(rule.packets), rule.flag + " = " + rule.text, rule.place);
    return table;
}

std::string rules_json(const Subject& subject) {
    nlohmann::json array = nlohmann::json::array();
    for (const RuleReport& rule : subject.rules())
        array.push_back({{"flag", rule.flag},
                         {"rule", rule.text},
                         {"at", rule.place},
                         {"packets", rule.packets}});
    return array.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace sluice::command
