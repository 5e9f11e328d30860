// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/numbers.h"

#include "catch.h"

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <vector>

namespace numbers_test {

using namespace sluice;
using namespace sluice::nat64;

namespace {

net::Ipv6Address host(uint64_t number) {
    return net::Ipv6Address::of_words(0x20010db800010000, number);
}

NumberPlan plain(unsigned bits) {
    return NumberPlan({{}, static_cast<uint8_t>(32 - bits)});
}

std::unique_ptr<Numbers> make(unsigned bits = 16) {
    return std::move(Numbers::create({.plan = plain(bits), .key = {1, 2}})).value();
}

/// The control core's work for so long; nobody reads meanwhile.
template <typename HasFlows>
Tick pass_time(Numbers& numbers, Grace& grace, Tick from, Duration duration, HasFlows has_flows) {
    const Tick end = from + duration;
    for (Tick now = from; !now.is_after(end); now = now + Duration::seconds(1))
        for (int turn = 0; turn < 100; ++turn)
            numbers.turn(now, grace, has_flows);
    return end;
}

constexpr auto kNone = [](uint32_t) { return false; };

/// Memory that outlives the numbers in it.
class Left {
public:
    explicit Left(NumberPlan plan) : plan_(std::move(plan)) {}

    /// As a process after another has them, with another key of its own.
    std::unique_ptr<Numbers> open(Tick now = {}, std::optional<SipKey> shared = {}) {
        ++processes_;
        return std::move(Numbers::create({.plan = plan_,
                                          .key = shared.value_or(SipKey{processes_, 7}),
                                          .is_shared = shared.has_value(),
                                          .outside = std::as_writable_bytes(std::span(memory_)),
                                          .now = now}))
            .value();
    }
    void change(NumberPlan plan) { plan_ = std::move(plan); }
    std::span<uint64_t> words() { return memory_; }

private:
    NumberPlan plan_;
    uint64_t processes_ = 0;
    std::vector<uint64_t> memory_ =
        std::vector<uint64_t>(Numbers::bytes_needed(kLeastNumberBits) / sizeof(uint64_t));
};

constexpr size_t kHeadWords = 4;  // before the places, of two words each

}  // namespace

TEST_CASE("numbers: who only asks is told what would be given, and nothing is", "[nat64]") {
    const auto numbers = make();
    for (uint64_t i = 1; i <= 1000; ++i) {
        const auto asked = numbers->find_or_free(host(i));
        REQUIRE(asked);
        CHECK_FALSE(numbers->find(host(i)));
        CHECK(numbers->find_or_add(host(i), Tick{}) == asked);
        CHECK(numbers->find_or_free(host(i)) == asked);
    }
    CHECK_FALSE(numbers->find_or_free(net::Ipv6Address{}));
    CHECK(numbers->count() == 1000);
}

TEST_CASE("numbers: each host has one of its own, which stays", "[nat64]") {
    const auto numbers = make();
    std::set<uint32_t> given;
    for (uint64_t i = 1; i <= 5000; ++i) {
        const auto number = numbers->find_or_add(host(i), Tick{});
        REQUIRE(number);
        CHECK(*number >= kFirstNumber);
        CHECK(*number < numbers->capacity() - 1);
        CHECK(given.insert(*number).second);
        CHECK(numbers->find_or_add(host(i), Tick{}) == number);
        CHECK(numbers->find(host(i)) == number);
        CHECK(numbers->address(*number) == host(i));
    }
    CHECK(numbers->count() == 5000);
    CHECK_FALSE(numbers->find(host(5001)));
    CHECK_FALSE(numbers->address(0));
    CHECK_FALSE(numbers->address(numbers->capacity()));
    CHECK_FALSE(numbers->find_or_add({}, Tick{}));
}

TEST_CASE("numbers: none is given twice when all are given", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    std::set<uint32_t> given;
    for (uint64_t i = 1; i <= 4000; ++i)
        if (const auto number = numbers->find_or_add(host(i), Tick{}))
            CHECK(given.insert(*number).second);
    CHECK(given.size() == numbers->capacity() - kFirstNumber - 1);
    CHECK(numbers->count() == given.size());
    CHECK_FALSE(given.contains(numbers->capacity() - 1));
}

TEST_CASE("numbers: a host that is gone loses its number", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    const auto number = numbers->find_or_add(host(1), Tick{});
    REQUIRE(number);
    Tick now = pass_time(*numbers, grace, Tick{}, Duration{kIdle.milliseconds - 1000}, kNone);
    CHECK(numbers->find(host(1)) == number);
    now = pass_time(*numbers, grace, now, Duration::seconds(60), kNone);
    CHECK_FALSE(numbers->find(host(1)));
    CHECK_FALSE(numbers->address(*number));
    CHECK(numbers->count() == 0);
    CHECK(numbers->find_or_add(host(1), now) == number);  // the place is free again
}

TEST_CASE("numbers: a host with flows, or that sends, keeps its number", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    const auto held = numbers->find_or_add(host(1), Tick{});
    const auto sending = numbers->find_or_add(host(2), Tick{});
    REQUIRE((held && sending));
    const auto has_flows = [&](uint32_t number) { return number == *held; };
    Tick now;
    for (int i = 0; i < 4; ++i) {
        now = pass_time(*numbers, grace, now, Duration::seconds(1200), has_flows);
        CHECK(numbers->find_or_add(host(2), now) == sending);
    }
    CHECK(numbers->find(host(1)) == held);
}

TEST_CASE("numbers: a crowd of hosts that only came by makes room within 90 seconds", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    const auto held = numbers->find_or_add(host(1), Tick{});
    const auto sending = numbers->find_or_add(host(2), Tick{});
    REQUIRE((held && sending));
    for (uint64_t i = 3; i <= 4000; ++i)
        numbers->find_or_add(host(i), Tick{});
    CHECK_FALSE(numbers->find_or_add(host(5000), Tick{}));
    const auto has_flows = [&](uint32_t number) { return number == *held; };
    Tick now = pass_time(*numbers, grace, Tick{}, Duration::seconds(45), has_flows);
    CHECK_FALSE(numbers->find_or_add(host(5000), now));
    CHECK(numbers->find_or_add(host(2), now) == sending);
    now = pass_time(*numbers, grace, now, Duration::seconds(45), has_flows);
    for (uint64_t i = 5000; i < 5040; ++i)
        CHECK(numbers->find_or_add(host(i), now));
    CHECK(numbers->find(host(1)) == held);
    CHECK(numbers->find(host(2)) == sending);
}

TEST_CASE("numbers: a reader that has found one keeps it for its turn", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    grace.join(0);
    const auto number = numbers->find_or_add(host(1), Tick{});
    REQUIRE(number);
    grace.quiescent(0);
    // The reader is in a turn all the time, so that no grace period ends.
    Tick now = pass_time(*numbers, grace, Tick{}, Duration::seconds(2 * 1800), kNone);
    CHECK(numbers->find(host(1)) == number);
    // It is about to lose its place when it sends again.
    CHECK(numbers->find_or_add(host(1), now) == number);
    for (int i = 0; i < 10; ++i) {
        grace.quiescent(0);
        now = pass_time(*numbers, grace, now, Duration::seconds(20), kNone);
    }
    CHECK(numbers->find(host(1)) == number);
    grace.leave(0);
}

TEST_CASE("numbers: threads that ask at once get one number for a host", "[nat64]") {
    constexpr unsigned kThreads = 4;
    constexpr uint64_t kHosts = 3000;
    const auto numbers = make();
    std::vector<std::map<uint64_t, uint32_t>> seen(kThreads);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (uint64_t i = 1; i <= kHosts; ++i)
                if (const auto number = numbers->find_or_add(host(i), Tick{}))
                    seen[t][i] = *number;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(numbers->count() == kHosts);
    for (const auto& each : seen)
        for (const auto& [one, number] : each) {
            CHECK(numbers->find(host(one)) == number);
            CHECK(numbers->address(number) == host(one));
        }
}

TEST_CASE("numbers: all who have one are listed", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    std::map<uint32_t, net::Ipv6Address> given;
    for (uint64_t i = 1; i <= 20; ++i)
        if (const auto number = numbers->find_or_add(host(i), Tick{}))
            given[*number] = host(i);
    std::map<uint32_t, net::Ipv6Address> listed;
    numbers->for_each(
        [&](uint32_t number, const net::Ipv6Address& address) { listed[number] = address; });
    CHECK(listed == given);
}

TEST_CASE("numbers: who had one last is known until it is given to another host", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    const auto number = numbers->find_or_add(host(1), Tick{});
    REQUIRE(number);
    CHECK(numbers->holder(*number) == host(1));
    Tick now = pass_time(*numbers, grace, Tick{}, Duration::seconds(2 * 1800), kNone);
    REQUIRE_FALSE(numbers->address(*number));
    CHECK(numbers->holder(*number) == host(1));
    CHECK(numbers->holder(*number, Tick{}) == host(1));
    uint64_t other = 1;
    while (numbers->find_or_add(host(++other), now) != number)
        REQUIRE(other < 10'000);
    CHECK(numbers->holder(*number) == host(other));
    CHECK(numbers->holder(*number, now) == host(other));
    // Of the time before nothing is told, rather than another host.
    CHECK_FALSE(numbers->holder(*number, now + Duration{-1}));
    CHECK_FALSE(numbers->holder(0));
    CHECK_FALSE(numbers->holder(numbers->capacity() - 1));
    CHECK_FALSE(numbers->holder(numbers->capacity()));
}

TEST_CASE("numbers: one is given to nobody else until kPass after its last flow", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    Tick now;
    // Its host is long idle when the flow ends, somewhere between two passes.
    for (int offset = 0; offset < kPass.milliseconds; offset += 1000) {
        CAPTURE(offset);
        const auto number = numbers->find_or_add(host(1), now);
        REQUIRE(number);
        const Tick end = pass_time(*numbers, grace, now + kIdle, Duration{30'000 + offset},
                                   [](uint32_t) { return true; });
        for (now = end; numbers->address(*number); now = now + Duration{100})
            pass_time(*numbers, grace, now, Duration{}, kNone);
        CHECK((now - end) >= kPass);
        CHECK((now - end) <= Duration{3 * kPass.milliseconds});
    }
}

TEST_CASE("numbers: a host keeps its own after the clock has come round", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    const auto number = numbers->find_or_add(host(1), Tick{});
    REQUIRE(number);
    Tick now;
    for (int day = 0; day < 60; ++day) {
        now = now + Duration::seconds(24 * 3600);
        for (int turn = 0; turn < 10; ++turn)
            numbers->turn(now, grace, [](uint32_t) { return true; });
        CHECK(numbers->holder(*number, now) == host(1));
    }
}

TEST_CASE("numbers: what a process has left is the next one's", "[nat64]") {
    Left left(plain(kLeastNumberBits));
    std::map<uint64_t, uint32_t> given;
    {
        const auto numbers = left.open();
        for (uint64_t i = 1; i <= 100; ++i)
            if (const auto number = numbers->find_or_add(host(i), Tick{}))
                given[i] = *number;
    }
    REQUIRE(given.size() > 50);
    const auto numbers = left.open(Tick{5000});
    CHECK(numbers->count() == given.size());
    for (const auto& [i, number] : given) {
        CHECK(numbers->find(host(i)) == number);
        CHECK(numbers->find_or_add(host(i), Tick{5000}) == number);
        CHECK(numbers->holder(number, Tick{5000}) == host(i));
    }
}

TEST_CASE("numbers: what another plan has left is nobody's", "[nat64]") {
    Left left(plain(kLeastNumberBits));
    const auto number = left.open()->find_or_add(host(1), Tick{});
    REQUIRE(number);
    left.change(NumberPlan({Be32::from_host(0xc6120000), 32 - kLeastNumberBits}));
    const auto numbers = left.open();
    CHECK(numbers->count() == 0);
    CHECK_FALSE(numbers->find(host(1)));
    CHECK_FALSE(numbers->holder(*number));
}

TEST_CASE("numbers: a process that was killed over a place leaves it free", "[nat64]") {
    Left left(plain(kLeastNumberBits));
    const auto number = left.open()->find_or_add(host(1), Tick{});
    REQUIRE(number);
    constexpr size_t kWords = kHeadWords + 2 * (1 << kLeastNumberBits);
    uint64_t& word = left.words()[kWords + *number / 16];
    const uint64_t place = uint64_t{1} << *number % 16;
    const bool is_known = GENERATE(false, true);
    if (is_known)
        word |= place << 16 | uint64_t{1} << 32;  // doomed, and another one is being filled
    else
        word = (word & ~place) | uint64_t{1} << 32;  // being filled itself
    const auto numbers = left.open();
    CHECK(numbers->find(host(1)).has_value() == is_known);
    CHECK(numbers->count() == (is_known ? 1 : 0));
    CHECK(numbers->find_or_add(host(1), Tick{}) == number);
    CHECK(numbers->count() == 1);
    Grace grace(1);
    pass_time(*numbers, grace, Tick{}, Duration::seconds(60), kNone);
    CHECK(numbers->find(host(1)) == number);  // it is not doomed any more
}

TEST_CASE("numbers: a host that cannot have its number is not believed", "[nat64]") {
    Left left(plain(kLeastNumberBits));
    const auto number = left.open()->find_or_add(host(1), Tick{});
    REQUIRE(number);
    uint64_t& low = left.words()[kHeadWords + 2 * *number + 1];
    SECTION("nobody") {
        low = left.words()[kHeadWords + 2 * *number] = 0;
    }
    SECTION("one of another bucket") {
        const auto numbers = left.open();
        for (low = 2; numbers->find(host(low));)
            ++low;
    }
    const auto numbers = left.open();
    CHECK(numbers->count() == 0);
    CHECK_FALSE(numbers->find(host(1)));
    CHECK_FALSE(numbers->address(*number));
}

TEST_CASE("numbers: no host is believed twice", "[nat64]") {
    Left left(plain(kLeastNumberBits));
    const auto number = left.open()->find_or_add(host(1), Tick{});
    REQUIRE(number);
    const uint32_t twin = *number % 16 == 15 ? *number - 1 : *number + 1;
    for (size_t half = 0; half < 2; ++half)
        left.words()[kHeadWords + 2 * twin + half] = left.words()[kHeadWords + 2 * *number + half];
    left.words()[kHeadWords + 2 * (1 << kLeastNumberBits) + *number / 16] |= uint64_t{1}
                                                                             << twin % 16;
    const auto numbers = left.open();
    CHECK(numbers->count() == 1);
    CHECK(numbers->find(host(1)) == std::min(*number, twin));
}

TEST_CASE("numbers: by a key that others have, only what was placed by it is found", "[nat64]") {
    Left left(plain(kLeastNumberBits));
    const SipKey shared{1, 2};
    const auto number = left.open()->find_or_add(host(1), Tick{});
    REQUIRE(number);
    CHECK_FALSE(left.open({}, shared)->find(host(1)));
    const auto placed = left.open({}, shared)->find_or_add(host(1), Tick{});
    CHECK(left.open({}, shared)->find(host(1)) == placed);
    CHECK(left.open()->find(host(1)) == placed);  // its key is taken
}

TEST_CASE("numbers: each host has one of its prefix's, and a named one its own", "[nat64]") {
    const net::Ipv6Prefix all{net::Ipv6Address::of_words(0x20010db800010000, 0), 64};
    const net::Ipv6Prefix some{net::Ipv6Address::of_words(0x20010db800010000, 0x1000), 116};
    const net::Ipv6Prefix named[] = {all, some};
    const net::Ipv6Address hosts[] = {host(0x42)};
    auto plan = NumberPlan::of({{}, 16}, named, hosts);
    REQUIRE(plan);
    const auto numbers = std::move(Numbers::create({.plan = *plan, .key = {1, 2}})).value();
    const uint32_t of_named = plan->share_of(host(0x42)).first + kFirstNamed;
    CHECK(numbers->find(host(0x42)) == of_named);
    CHECK(numbers->find_or_add(host(0x42), Tick{}) == of_named);
    CHECK(numbers->address(of_named) == host(0x42));
    CHECK(numbers->holder(of_named, Tick{0x90000000}) == host(0x42));
    CHECK_FALSE(numbers->address(of_named + 1));
    CHECK_FALSE(numbers->holder(of_named + 1));
    std::set<uint32_t> buckets;
    for (uint64_t i = 0; i < 3000; ++i) {
        const net::Ipv6Address address = i % 3 == 0 ? host(0x1000 + i)
                                         : i % 3 == 1
                                             ? host(0x10000 + i)
                                             : net::Ipv6Address::of_words(0x20010db800020000, i);
        const auto number = numbers->find_or_add(address, Tick{});
        REQUIRE(number);
        CHECK(*number >= kFirstNumber);
        const NumberPlan::Share& share = plan->share_of(address);
        CHECK(share.prefix == (i % 3 == 0 ? some : i % 3 == 1 ? all : net::Ipv6Prefix{}));
        CHECK(*number - share.first < share.own);
        CHECK(*number - share.first >= kFirstNumber);
        buckets.insert(*number / 16);
    }
    CHECK(buckets.size() > 1000);  // so all of a share is used
    CHECK(numbers->count() == 3000);
    Grace grace(1);
    for (int pass = 1; pass <= 3; ++pass)
        for (int turn = 0; turn < 100; ++turn)
            numbers->turn(Tick{} + Duration{kIdle.milliseconds * pass}, grace, kNone);
    CHECK(numbers->count() == 0);
    CHECK(numbers->address(of_named) == host(0x42));
    std::vector<net::Ipv6Address> listed;
    numbers->for_each([&](uint32_t, const net::Ipv6Address& one) { listed.push_back(one); });
    CHECK(listed == std::vector{host(0x42)});
}

TEST_CASE("numbers: named hosts keep theirs over what a process has left", "[nat64]") {
    const net::Ipv6Prefix prefix{net::Ipv6Address::of_words(0x20010db800010000, 0), 64};
    const net::Ipv6Address named[] = {host(0x42)};
    auto plan = NumberPlan::of({{}, 32 - kLeastNumberBits - 2}, {&prefix, 1}, named);
    REQUIRE(plan);
    std::vector<uint64_t> memory(Numbers::bytes_needed(kLeastNumberBits + 2) / sizeof(uint64_t));
    const auto open = [&] {
        return std::move(Numbers::create({.plan = *plan,
                                          .key = {1, 2},
                                          .outside = std::as_writable_bytes(std::span(memory))}))
            .value();
    };
    const auto number = open()->find_or_add(host(1), Tick{});
    REQUIRE(number);
    const auto numbers = open();
    CHECK(numbers->find(host(1)) == number);
    CHECK(numbers->address(plan->share_of(host(1)).first + kFirstNamed) == host(0x42));
    CHECK(numbers->count() == 1);
}

TEST_CASE("numbers: who had one is read whole while it is given to others", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    std::atomic<bool> is_over = false;
    std::atomic<uint64_t> torn = 0;
    std::atomic<uint64_t> read = 0;
    std::thread reader([&] {
        while (!is_over.load())
            for (uint32_t number = kFirstNumber; number + 1 < numbers->capacity(); ++number)
                if (const auto found = numbers->holder(number)) {
                    ++read;
                    if (found->high() - 7 != found->low())
                        ++torn;
                }
    });
    Tick now;
    for (uint64_t round = 1; round < 200 || read.load() == 0; ++round) {
        for (uint64_t i = 0; i < 100; ++i)
            numbers->find_or_add(net::Ipv6Address::of_words(round * 1000 + i + 7, round * 1000 + i),
                                 now);
        for (int pass = 0; pass < 3; ++pass) {
            now = now + kIdle;
            for (int turn = 0; turn < 2; ++turn)
                numbers->turn(now, grace, kNone);
        }
    }
    is_over = true;
    reader.join();
    CHECK(torn.load() == 0);
    CHECK(read.load() != 0);
}

TEST_CASE("numbers: a host whose flows outlast its silence by weeks goes when they have gone",
          "[nat64]") {
    constexpr Duration kStep = Duration::seconds(2 * 3600);
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    Tick now{5};
    const auto number = numbers->find_or_add(host(1), now);
    REQUIRE(number);
    const auto wait = [&](int32_t days, bool has_flows) {
        for (int32_t passed = 0; passed < days * 24 * 3600; passed += kStep.milliseconds / 1000) {
            now = now + kStep;
            for (int turn = 0; turn < 100; ++turn)
                numbers->turn(now, grace, [&](uint32_t) { return has_flows; });
        }
    };
    wait(30, true);  // longer than ticks tell past from future
    CHECK(numbers->find(host(1)) == number);
    wait(1, false);
    CHECK_FALSE(numbers->find(host(1)));
}

TEST_CASE("numbers: their memory is what is said of each, but for what all share", "[nat64]") {
    for (const unsigned bits : {kLeastNumberBits, 16u, 20u}) {
        const size_t numbers = size_t{1} << bits;
        CHECK(Numbers::bytes_needed(bits) <= numbers * kBytesPerNumber);
        CHECK(Numbers::bytes_needed(bits) > numbers * (kBytesPerNumber - 1));
    }
    CHECK(make(16)->bytes() == Numbers::bytes_needed(16));
}

}  // namespace numbers_test
