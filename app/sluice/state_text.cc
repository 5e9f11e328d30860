// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/state_text.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

namespace sluice::app {
namespace {

using flow::Fate;
using std::string;

string number(uint64_t count, const char* one) {
    return std::to_string(count) + ' ' + one + (count == 1 ? "" : "s");
}

/// "2.3 s"
string seconds(int64_t nanoseconds) {
    const int64_t tenths = nanoseconds / 100'000'000;
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
}

/// "2 expired, 1 twice"; empty where all have been taken over.
string losses(const flow::Adoption::Fates& fates) {
    constexpr std::array<std::pair<Fate, const char*>, flow::kFateCount - 1> kNames{{
        {Fate::Unsound, "unsound"},
        {Fate::Expired, "expired"},
        {Fate::Unheld, "unheld"},
        {Fate::Twice, "twice"},
        {Fate::Private, "private"},
        {Fate::WithoutRule, "without a rule"},
        {Fate::Helped, "helped"},
        {Fate::NoRoom, "without room"},
    }};
    string text;
    for (const auto& [fate, name] : kNames)
        if (fates[fate] != 0)
            text += (text.empty() ? "" : ", ") + std::to_string(fates[fate]) + ' ' + name;
    return text;
}

}  // namespace

std::vector<string> state_text(const state::StateFile::Found& found,
                               const gateway::Restored& restored) {
    if (found.emptied)
        return {*found.emptied + ": this is an empty start"};
    if (!found.has_records)
        return {};
    const flow::Adoption::Tally& tally = restored.tally;
    std::vector<string> sentences;
    sentences.push_back(number(tally.flows, "flow") + " and " +
                        number(tally.fates[Fate::Adopted] - tally.flows, "holder") +
                        " go on, of a process that " +
                        (found.was_stopped ? "was stopped " : "ended unasked ") +
                        seconds(found.absence) + " ago; taken over in " +
                        std::to_string(restored.took / std::chrono::milliseconds(1)) + " ms");
    if (const string lost = losses(tally.fates); !lost.empty())
        sentences.push_back("not taken over: " + lost);
    if (restored.without_ground != 0)
        sentences.push_back(number(restored.without_ground, "flow") +
                            " without a rule are among them (--on-reload)");
    return sentences;
}

}  // namespace sluice::app
