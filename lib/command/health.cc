// SPDX-License-Identifier: BSD-3-Clause
#include "command/health.h"

#include <nlohmann/json.hpp>

namespace sluice::command {

std::vector<std::string> troubles(const Subject& subject) {
    std::vector<std::string> found;
    const Standstill standstill = subject.standstill();
    if (standstill.before_start)
        found.push_back("the gateway is starting");
    if (standstill.control_core)
        found.push_back("the control core stands still");
    for (size_t i = 0; i < subject.workers.size(); ++i)
        if (standstill.stands(i))
            found.push_back("worker " + std::to_string(i) + " stands still");
    const PairReport pair = subject.pair().value_or(PairReport{});
    if (pair.is_active && pair.peer == PairReport::Peer::Active)
        found.push_back("the other gateway of the pair is active too");
    for (const PortReport& port : subject.ports())
        if (!port.has_link)
            found.push_back(port.name + " has no link");
    return found;
}

std::vector<std::string> remarks(const Subject& subject) {
    const Delay delay = subject.flows.grace().last_delay();
    if (!delay.is_long())
        return {};
    return {to_string(flow::MemberName::of(delay.tag)) +
            " has kept what has ended from being used again for " +
            std::to_string(delay.milliseconds) + " ms"};
}

std::string health_text(const Health& health) {
    std::string text = health.troubles.empty() ? "healthy\n" : "";
    for (const std::string& trouble : health.troubles)
        text += trouble + '\n';
    for (const std::string& remark : health.remarks)
        text += "note: " + remark + '\n';
    return text;
}

std::string health_json(const Health& health) {
    return nlohmann::ordered_json{{"healthy", health.troubles.empty()},
                                  {"troubles", health.troubles},
                                  {"remarks", health.remarks}}
        .dump();
}

}  // namespace sluice::command
