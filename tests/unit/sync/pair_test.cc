// SPDX-License-Identifier: BSD-3-Clause
#include "sync/pair.h"

#include "../flow/flows.h"
#include "authority.h"
#include "catch.h"
#include "free_port.h"
#include "testing/no_memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace pair_test {

using namespace sluice;
using namespace sluice::sync;
using namespace sluice::flow::testing;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kPatience{20};

/// Of all addresses: connections of pairs before have ports of either.
Be16 free_port() {
    return test::free_port(INADDR_ANY);
}

template <typename Condition>
bool comes_true(Condition condition) {
    const auto end = steady_clock::now() + kPatience;
    while (!condition() && steady_clock::now() < end)
        std::this_thread::yield();
    return condition();
}

/// One of two, without a gateway.
struct One {
    One(bool is_active, uint8_t priority) : standing(is_active), table(make_table(1024)) {
        hello.priority = priority;
        standing.is_ready.store(!is_active);
    }

    Status start(net::Endpoint listen, net::Endpoint peer, uint8_t key = 1) {
        Key bytes{};
        bytes.fill(key);
        return start(listen, peer, Proof(bytes));
    }
    Status start(net::Endpoint listen, net::Endpoint peer, Proof proof) {
        auto started = Pair::start({listen,
                                    peer,
                                    std::move(proof),
                                    hello,
                                    {*table, [] { return kNow; }, 0, {}},
                                    standing,
                                    mailbox,
                                    [this](const std::string& sentence) {
                                        const std::lock_guard lock(mutex);
                                        notices.push_back(sentence);
                                    },
                                    {{}, false, 0, on_entry}});
        if (!started)
            return started.error();
        pair = std::move(*started);
        return Done{};
    }
    bool has_said(const std::string& words) {
        const std::lock_guard lock(mutex);
        for (const std::string& notice : notices)
            if (notice.find(words) != std::string::npos)
                return true;
        return false;
    }
    /// What the mailbox has had until now.
    std::vector<Change>& received() {
        std::vector<Change> some;
        while (mailbox.take(some))
            all.insert(all.end(), some.begin(), some.end());
        return all;
    }

    std::function<void()> on_entry = [] {};  // of the thread
    Hello hello;
    Standing standing;
    Mailbox mailbox;
    std::unique_ptr<flow::FlowTable> table;
    std::mutex mutex;
    std::vector<std::string> notices;
    std::vector<Change> all;
    std::unique_ptr<Pair> pair;
};

const Be32 kFirst = Be32::from_host(0x7f000001);
const Be32 kSecond = Be32::from_host(0x7f000002);

void start(One& first, One& second, uint8_t second_key = 1) {
    const Be16 port = free_port();
    REQUIRE(first.start({kFirst, port}, {kSecond, port}).ok());
    REQUIRE(second.start({kSecond, port}, {kFirst, port}, second_key).ok());
}

/// Until all 500 flows of who is active have been told.
void start_with_flows(One& active, One& standby) {
    flow::Member member(*active.table);
    for (uint32_t n = 0; n < 500; ++n)
        open(*active.table, member, n);
    member.offline();
    start(active, standby);
    REQUIRE(comes_true([&] {
        const auto& all = standby.received();
        return !all.empty() && all.back().what == Change::What::Complete;
    }));
}

}  // namespace

TEST_CASE("sync pair: who stands by is told the flows of who is active", "[sync]") {
    One active(true, 100);
    One standby(false, 100);
    start_with_flows(active, standby);
    CHECK(standby.received().size() == 502);
    CHECK(standby.received().front().what == Change::What::Begin);
    CHECK(comes_true([&] { return active.standing.peer_is_whole.load(); }));
    CHECK(active.standing.peer.load() == Peer::Standby);
    CHECK(standby.standing.peer.load() == Peer::Active);
    CHECK(comes_true([&] { return !active.standing.is_fresh.load(); }));

    flow::Member member(*active.table);
    open(*active.table, member, 777);
    member.offline();
    CHECK(comes_true([&] { return standby.received().size() == 503; }));

    standby.standing.joins.fetch_add(1);
    CHECK(comes_true([&] { return active.standing.resyncs.load() == 2; }));
    active.pair.reset();
    CHECK(comes_true([&] { return standby.standing.peer.load() == Peer::Away; }));
    CHECK(standby.has_said("is away"));
}

TEST_CASE("sync pair: a peer has all flows when it says so, not when all has been told", "[sync]") {
    One active(true, 100);
    One standby(false, 100);
    standby.standing.has_flows.store(false);  // as long as they are on their way into its table
    start_with_flows(active, standby);
    // More than 0 since that was told, until the peer says that it has heard it.
    REQUIRE(comes_true([&] { return active.standing.behind.load() == 0; }));
    CHECK_FALSE(active.standing.peer_is_whole.load());
    CHECK(active.standing.is_fresh.load());
    standby.standing.has_flows.store(true);
    CHECK(comes_true([&] { return active.standing.peer_is_whole.load(); }));
    CHECK(comes_true([&] { return !active.standing.is_fresh.load(); }));
}

TEST_CASE("sync pair: of two that are active the one with the lower priority steps back",
          "[sync]") {
    One strong(true, 200);
    One weak(true, 50);
    start(strong, weak);
    CHECK(comes_true([&] { return !weak.standing.wants_active(); }));
    CHECK(strong.standing.wants_active());
    CHECK(
        comes_true([&] { return weak.has_said("both are active, and this gateway steps back"); }));
    CHECK(comes_true([&] { return strong.has_said("the peer is active too"); }));
}

TEST_CASE("sync pair: one that has just started steps back whatever its priority", "[sync]") {
    One started(true, 200);
    One known(true, 50);
    known.standing.is_fresh.store(false);
    start(started, known);
    CHECK(comes_true([&] { return !started.standing.wants_active(); }));
    CHECK(known.standing.wants_active());
}

TEST_CASE("sync pair: of two that stand by each knows whether the other has the flows", "[sync]") {
    One started(false, 200);
    One known(false, 50);
    started.standing.has_flows.store(false);
    start(started, known);
    CHECK(comes_true([&] { return started.standing.lacks_flows(); }));
    CHECK(comes_true([&] { return known.standing.peer.load() == Peer::Standby; }));
    CHECK_FALSE(known.standing.lacks_flows());
    known.pair.reset();
    CHECK(comes_true([&] { return !started.standing.lacks_flows(); }));
}

TEST_CASE("sync pair: who stands by tells its copies to one that takes them back", "[sync]") {
    One starter(false, 200);
    One holder(false, 50);
    starter.standing.has_flows.store(false);
    starter.standing.wish.store(sync::Wish::TakeBack);
    flow::Member member(*holder.table);
    for (uint32_t n = 0; n < 500; ++n)
        open(*holder.table, member, n);
    member.offline();
    start(starter, holder);
    REQUIRE(comes_true([&] {
        const auto& all = starter.received();
        return !all.empty() && all.back().what == Change::What::Complete;
    }));
    CHECK(starter.received().size() == 502);
    CHECK(starter.standing.peer.load() == Peer::Standby);
    CHECK(starter.standing.peer_has_flows.load());
    CHECK_FALSE(holder.standing.is_active.load());
    CHECK(holder.received().empty());

    // Now it forwards, and tells the other one in turn.
    starter.standing.is_ready.store(false);
    starter.standing.has_flows.store(true);
    starter.standing.wish.store(sync::Wish::Active);
    starter.standing.is_active.store(true);
    CHECK(comes_true([&] { return starter.standing.peer_is_whole.load(); }));
    CHECK(comes_true([&] { return holder.received().size() == 2; }));  // it has a table of its own
}

TEST_CASE("sync pair: who is told by another process of the peer's hears so before", "[sync]") {
    One standby(false, 100);
    const Be16 port = free_port();
    REQUIRE(standby.start({kSecond, port}, {kFirst, port}).ok());
    const auto completes = [&] {
        const auto& all = standby.received();
        return std::count_if(all.begin(), all.end(), [](const Change& change) {
            return change.what == Change::What::Complete;
        });
    };
    {
        One first(true, 100);
        REQUIRE(first.start({kFirst, port}, {kSecond, port}).ok());
        REQUIRE(comes_true([&] { return completes() == 1; }));
    }
    One second(true, 100);
    REQUIRE(second.start({kFirst, port}, {kSecond, port}).ok());
    REQUIRE(comes_true([&] { return completes() == 2; }));
    using enum Change::What;
    std::vector<Change::What> heard;
    for (const Change& change : standby.received())
        heard.push_back(change.what);
    CHECK(heard == std::vector{Begin, Complete, Other, Begin, Complete});
}

TEST_CASE("sync pair: another policy is said, and flows are told all the same", "[sync]") {
    One active(true, 100);
    One standby(false, 100);
    active.standing.policy.store(1);
    standby.standing.policy.store(2);
    start(active, standby);
    for (One* one : {&active, &standby}) {
        CHECK(comes_true([&] { return one->standing.peer_differs.load(); }));
        CHECK(comes_true([&] { return one->has_said("the peer has other rules"); }));
        CHECK_FALSE(one->has_said("the same rules"));
    }
    CHECK(comes_true([&] { return active.standing.peer_is_whole.load(); }));
    standby.standing.policy.store(1);  // it reloads
    for (One* one : {&active, &standby}) {
        CHECK(comes_true([&] { return !one->standing.peer_differs.load(); }));
        CHECK(comes_true([&] { return one->has_said("the same rules and pools again"); }));
    }
}

TEST_CASE("sync pair: another key, another form of records and no peer are said", "[sync]") {
    One one(true, 100);
    One other(false, 100);
    SECTION("key") {
        start(one, other, 2);
        CHECK(comes_true([&] { return one.has_said("it has another key"); }));
    }
    SECTION("records") {
        other.hello.record_layout = 99;
        start(one, other);
        CHECK(comes_true([&] { return one.has_said("its build keeps flows in another form"); }));
    }
    SECTION("blocks") {
        other.hello.block_size = 64;
        start(one, other);
        CHECK(comes_true([&] { return one.has_said("its --port-block-size is 64"); }));
    }
    SECTION("IPv6") {
        other.hello.ipv6_plan = 7;
        start(one, other);
        CHECK(comes_true([&] { return one.has_said("its IPv6 hosts have other numbers"); }));
    }
    CHECK(one.standing.peer.load() == Peer::Away);
    CHECK(other.received().empty());
}

namespace {

/// Comes from that address, says something, and waits until it is sent away.
void knock(Be32 from, net::Endpoint at, std::string_view words) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = from.raw;
    REQUIRE(bind(descriptor, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0);
    place.sin_addr.s_addr = at.address.raw;
    place.sin_port = at.port.raw;
    REQUIRE(connect(descriptor, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0);
    if (words.empty())
        shutdown(descriptor, SHUT_WR);
    else
        REQUIRE(send(descriptor, words.data(), words.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(words.size()));
    std::array<char, 1024> said;
    while (recv(descriptor, said.data(), said.size(), 0) > 0) {
    }
    close(descriptor);
}

}  // namespace

TEST_CASE("sync pair: two that have certificates are one, and of a wrong one both logs tell",
          "[sync]") {
    const bool is_right = GENERATE(true, false);
    sync::testing::Authority authority;
    CertificateFiles first = authority.certify("a", {.names = "IP:127.0.0.1"});
    CertificateFiles second =
        authority.certify("b", {.names = is_right ? "IP:127.0.0.2" : "IP:127.0.0.3"});
    first.peer = kSecond;
    second.peer = kFirst;
    One active(true, 1);
    One standby(false, 1);
    const Be16 port = free_port();
    REQUIRE(active.start({kFirst, port}, {kSecond, port}, Proof(first)).ok());
    REQUIRE(standby.start({kSecond, port}, {kFirst, port}, Proof(second)).ok());
    if (is_right) {
        CHECK(comes_true([&] { return standby.standing.peer.load() == Peer::Active; }));
        CHECK(comes_true([&] { return active.standing.peer.load() == Peer::Standby; }));
        return;
    }
    CHECK(comes_true([&] {
        return active.has_said(
            "its certificate is refused: its subject alternative names lack "
            "IP:127.0.0.2");
    }));
    CHECK(comes_true([&] { return standby.has_said("it refuses this gateway's certificate"); }));
    CHECK(active.standing.peer.load() == Peer::Away);
    CHECK(standby.standing.peer.load() == Peer::Away);
    // The other one is certified anew, and is heard without a restart.
    authority.certify("b", {.names = "IP:127.0.0.2"});
    CHECK(comes_true([&] { return standby.standing.peer.load() == Peer::Active; }));
}

TEST_CASE("sync pair: who has the peer's address and no key cannot fill the log",
          "[sync][security]") {
    const Be16 port = free_port();
    One one(true, 1);
    REQUIRE(one.start({kFirst, port}, {kSecond, port}).ok());
    constexpr unsigned kKnocks = 40;
    for (unsigned n = 0; n < kKnocks; ++n)
        knock(kSecond, {kFirst, port}, n % 2 == 0 ? "" : "GET / HTTP/1.0\r\n\r\n");
    const std::lock_guard lock(one.mutex);
    CHECK_FALSE(one.notices.empty());
    CHECK(one.notices.size() < kKnocks / 4);  // one in ten seconds
}

namespace {

/// Where a peer would listen.
class PeersPlace {
public:
    PeersPlace(Be32 address, Be16 port) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_addr.s_addr = address.raw;
        place.sin_port = port.raw;
        REQUIRE(bind(listener_.get(), reinterpret_cast<sockaddr*>(&place), sizeof place) == 0);
        REQUIRE(listen(listener_.get(), 4) == 0);
    }

    /// The next connection, when something comes by it: how many bytes, 0 where it is closed.
    ssize_t hear_next() const {
        REQUIRE(has_some(listener_));
        const Descriptor come(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        REQUIRE(come);
        REQUIRE(has_some(come));
        std::array<char, 1024> said;
        return recv(come.get(), said.data(), said.size(), 0);
    }

private:
    static bool has_some(const Descriptor& socket) {
        pollfd polled{socket.get(), POLLIN, 0};
        return poll(&polled, 1, static_cast<int>(kPatience / std::chrono::milliseconds(1))) == 1;
    }

    Descriptor listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("sync pair: a connection for which there is no memory is closed, and made again",
          "[sync]") {
    const Be16 port = free_port();
    const PeersPlace peer(kSecond, port);
    std::atomic<bool> is_short{true};
    One one(true, 100);
    one.on_entry = [&] { test::starve(is_short); };
    REQUIRE(one.start({kFirst, port}, {kSecond, port}).ok());
    CHECK(peer.hear_next() == 0);
    is_short = false;
    CHECK(comes_true([&] { return peer.hear_next() > 0; }));  // how TLS begins
    CHECK(comes_true([&] { return one.has_said("there is no memory for what is to be told"); }));
}

TEST_CASE("sync pair: a place that cannot be had is named", "[sync]") {
    One one(true, 100);
    const Status status = one.start({Be32::from_host(0xc0000201), Be16::from_host(3780)},
                                    {kFirst, Be16::from_host(3780)});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.starts_with("--sync listen=192.0.2.1:3780: "));
}

}  // namespace pair_test
