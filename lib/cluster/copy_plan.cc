// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/copy_plan.h"

#include <map>
#include <utility>

namespace sluice::cluster {

std::vector<CopyGoal> copy_goals(const Ownership& ownership) {
    const Heard& heard = ownership.heard();
    std::map<std::string, CopyGoal> goals;
    for (size_t i = 0; i < heard.addresses().size(); ++i) {
        const std::string* heir = ownership.has(i) ? ownership.succession().heir(i) : nullptr;
        if (heir == nullptr)
            continue;
        const auto member = heard.members().find(*heir);
        if (member == heard.members().end() || !member->second.takes_at)
            continue;
        CopyGoal& goal = goals[*heir];
        goal.name = *heir;
        goal.instance = member->second.instance;
        goal.to = *member->second.takes_at;
        goal.owned.push_back(
            {.address = heard.addresses()[i], .revision = heard.owner(i)->revision});
        goal.stops += ownership.succession().stops(i);
    }
    std::vector<CopyGoal> all;
    for (auto& [name, goal] : goals)
        all.push_back(std::move(goal));
    return all;
}

std::vector<sync::Owned> to_fill(const Ownership& ownership, const std::string& own) {
    const Heard& heard = ownership.heard();
    const Succession& succession = ownership.succession();
    std::vector<sync::Owned> wanted;
    for (size_t i = 0; i < heard.addresses().size(); ++i)
        if (const Owner* owner = heard.owner(i);
            succession.waits(i) && owner != nullptr && owner->name == own)
            wanted.push_back(
                {.address = heard.addresses()[i], .revision = succession.fill(i).copies});
    return wanted;
}

std::vector<sync::Owned> known_owners(const Ownership& ownership) {
    const Heard& heard = ownership.heard();
    std::vector<sync::Owned> known;
    for (size_t i = 0; i < heard.addresses().size(); ++i)
        if (const Owner* owner = heard.last_owner(i);
            owner != nullptr && !ownership.succession().waits(i))
            known.push_back({.address = owner->address, .revision = owner->revision});
    return known;
}

}  // namespace sluice::cluster
