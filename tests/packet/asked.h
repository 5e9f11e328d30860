// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Asked: a testbed that is asked what becomes of a packet, all that asking could have changed, and
/// what is said beside what was counted.

#include "catch.h"
#include "testbed.h"
#include "why/answer.h"
#include "why/question.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::test {

inline why::Answer ask(Testbed& bed, const why::Question& question) {
    const auto policy = bed.gateway().policies().current();
    return bed.gateway().ask(question, *policy, bed.now());
}

/// All that asking could have changed.
struct Counted {
    stats::Snapshot snapshot;
    uint64_t denied = 0;
    uint64_t exhausted = 0;
    uint32_t flows = 0;
    uint64_t hosts = 0;
    uint32_t numbers = 0;  ///< That IPv6 hosts have, inside and outside.

    bool operator==(const Counted& other) const {
        return is_same(snapshot, other.snapshot) && denied == other.denied &&
               exhausted == other.exhausted && flows == other.flows && hosts == other.hosts &&
               numbers == other.numbers;
    }

private:
    static bool is_same(const stats::Snapshot& a, const stats::Snapshot& b) {
        const auto is_same_volume = [](const stats::BothVolumes& x, const stats::BothVolumes& y) {
            return x.in == y.in && x.out == y.out;
        };
        return a.count.values == b.count.values && a.drop.values == b.drop.values &&
               a.probes == b.probes && a.waiting == b.waiting &&
               std::ranges::equal(a.interfaces, b.interfaces, is_same_volume);
    }
};

inline Counted count(Testbed& bed) {
    Counted counted;
    counted.snapshot = bed.gateway().snapshot();
    const auto policy = bed.gateway().policies().current();
    for (size_t i = 0; i < policy->rules.denials().matches().size(); ++i)
        counted.denied += policy->rules.denials().packets(i);
    const pool::Exhaustion& exhaustion = bed.gateway().exhaustion();
    for (uint32_t slot = 0, end = exhaustion.size(); slot < end; ++slot)
        counted.exhausted += exhaustion.read(slot).packets;
    counted.flows = bed.flows();
    bed.gateway().hosts().for_each(
        0, bed.gateway().hosts().capacity(), bed.now(), [&](const hosts::Host& host) {
            counted.hosts = counted.hosts * 31 + host.flows * 7 + host.half_open * 5 +
                            host.rate * 3 + host.refused;
        });
    const nat64::Naming naming = bed.gateway().naming();
    counted.numbers = naming.usage().value_or(nat64::Naming::Usage{}).hosts +
                      naming.usage_of_peers().value_or(nat64::Naming::Usage{}).hosts;
    return counted;
}

/// The names of the reasons for which packets have been dropped since, each with a space behind.
inline std::string dropped_since(Testbed& bed, const stats::Snapshot& before) {
    const stats::Snapshot after = bed.gateway().snapshot();
    std::string dropped;
    for (size_t i = 0; i < stats::kDropCount; ++i)
        if (const auto reason = static_cast<stats::Drop>(i);
            after.drop[reason] != before.drop[reason])
            dropped += std::string(stats::drop_name(reason)) + ' ';
    return dropped;
}

/// Likewise by what was said.
inline std::string dropped_by(const why::Answer& answer) {
    return answer.fate == why::Fate::Dropped ? std::string(stats::drop_name(answer.reason)) + ' '
                                             : std::string();
}

constexpr unsigned kAskedPackets = 1000;  ///< Of each setup.

/// Lets a test's subject ask about so many packets that it draws, and send them.
template <typename Subject>
void ask_about_many(Subject& subject) {
    for (unsigned i = 0; i < kAskedPackets; ++i) {
        CAPTURE(i);
        subject.step();
    }
    std::string fates;
    for (const auto& [name, count] : subject.fates())
        fates += name + " " + std::to_string(count) + "\n";
    CAPTURE(fates);
    CHECK(subject.fates().size() > 15);
    CHECK(subject.searched() * 50 < kAskedPackets);
}

/// Under which a test counts the answer.
inline std::string fate_name(const why::Answer& answer) {
    return answer.fate == why::Fate::Dropped ? std::string(stats::drop_name(answer.reason))
                                             : std::to_string(static_cast<int>(answer.fate));
}

/// What the sender was told, and how many ports were looked at, where that hangs on nothing that
/// one worker alone knows: it passes by addresses that its last searches have found full.
inline void compare_told(Testbed& bed, const why::Answer& answer, const stats::Snapshot& before) {
    using stats::Count;
    const stats::Snapshot after = bed.gateway().snapshot();
    const auto grown = [&](Count count) { return after.count[count] - before.count[count]; };
    const auto is_told = [&](why::SenderHears told) { return answer.sender_hears == told; };
    CHECK(grown(Count::TcpResets) + grown(Count::TcpResetsSuppressed) ==
          (is_told(why::SenderHears::Reset) ? 1 : 0));
    CHECK(grown(Count::TcpChallenges) + grown(Count::TcpChallengesSuppressed) ==
          (is_told(why::SenderHears::Challenge) ? 1 : 0));
    const bool has_error = is_told(why::SenderHears::Error) || is_told(why::SenderHears::TooBig);
    CHECK(grown(Count::IcmpErrors) + grown(Count::IcmpSuppressed) == (has_error ? 1 : 0));
    const bool is_searched = answer.decision && answer.decision->is_searched;
    const unsigned looks = is_searched ? answer.decision->probes : 0;
    if (!answer.may_search_on && looks < 2)
        CHECK(grown(Count::PortProbes) == looks);
}

}  // namespace sluice::test
