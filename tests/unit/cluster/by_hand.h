// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// By hand: an Ownership whose answers a test gives, one after the other.

#include "catch.h"
#include "cluster/ownership.h"
#include "cluster/shares.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::cluster::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const Be32 kAddress = Be32::from_host(0xc6336401);
inline const net::Endpoint kTakesAt{Be32::from_host(0x0a090002), Be16::from_host(3781)};

/// Gateway a, whose answers are given by hand: it has the addresses, by its lease 7 and at 10 s.
struct ByHand {
    explicit ByHand(std::vector<Be32> shared = {kAddress},
                    std::optional<net::Endpoint> takes_at = kTakesAt)
        : addresses(std::move(shared)), ownership({"a", 1, addresses, {}, {}, takes_at}) {
        put<Grant>(seconds(1), {.kind = Answer::Kind::Done, .lease = 7});
        put<PutMember>(seconds(2), {.kind = Answer::Kind::Done, .revision = 11});
        News all{.revision = 11, .members = {{"a", 1, false, 7, 11}}};
        for (const Be32 address : addresses)
            all.owners.push_back({address, "a", 1, 7, 10});
        put<Read>(seconds(2), {.kind = Answer::Kind::Done, .read = all});
        put<KeepAlive>(seconds(10), {.kind = Answer::Kind::Done});
        put<PutMember>(seconds(10), {.kind = Answer::Kind::Done, .revision = 20});
    }

    /// What it asks then, which is a T, and is answered.
    template <typename T>
    T put(Moment now, const Answer& answer, Moment late = {}) {
        const auto request = ownership.next(now);
        REQUIRE(request);
        REQUIRE(std::holds_alternative<T>(*request));
        ownership.answer(answer, now + late);
        return std::get<T>(*request);
    }
    /// Gateway b comes, which is to have the address.
    void add_other(std::optional<net::Endpoint> takes_at = {}) {
        News news{.revision = 30};
        std::string other = "b";
        while (*Shares(addresses, {"a", other}).first(0) == "a")
            other += 'b';
        news.members = {{other, 2, false, 8, 30, {}, takes_at}};
        ownership.hear(news, seconds(10));
    }

    /// Two of them, each of which is to have some.
    void add_two() {
        std::string last = "c";
        const auto has_some = [&](const std::string& name) {
            const Shares shares(addresses, {"a", "b", last});
            for (size_t i = 0; i < addresses.size(); ++i)
                if (*shares.first(i) == name)
                    return true;
            return false;
        };
        while (!has_some("b") || !has_some(last))
            last += 'c';
        ownership.hear({.revision = 30,
                        .members = {{"b", 2, false, 8, 30, {}, kTakesAt},
                                    {last, 3, false, 9, 30, {}, kTakesAt}}},
                       seconds(10));
    }
    void renew(Moment now, Revision revision) {
        put<KeepAlive>(now, {.kind = Answer::Kind::Done});
        put<PutMember>(now, {.kind = Answer::Kind::Done, .revision = revision});
    }

    std::vector<Be32> addresses;
    Ownership ownership;
};

inline const Answer kNoAnswer{};
inline const Answer kRefused{.kind = Answer::Kind::Refused};

}  // namespace sluice::cluster::testing
