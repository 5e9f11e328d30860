// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// One script, played to gateways of one, two and three workers: the same comes out, packet by
/// packet.
///
/// Only a port that had to be changed may be another one, for it is drawn by chance. So that chance
/// decides nothing else, hosts use ports that are never drawn: those from 512 to 599 are changed
/// into 600 to 1023. Identifiers, which are changed into any, are each host's own.

#include "catch.h"
#include "operations.h"
#include "testbed.h"

#include <map>
#include <random>
#include <string>
#include <vector>

namespace workers_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;

namespace {

constexpr unsigned kHosts = 5;
constexpr unsigned kPorts = 4;
constexpr uint16_t kFirstPort = 520;
constexpr Tick kBeforeWrap{~uint32_t{0} - 60'000};

struct Step {
    enum class Kind : uint8_t { Out, Reply, Clock };

    Kind kind;
    Conversation talk;
    uint8_t tcp_flags;
    uint8_t ttl;
    Duration duration;
};

Conversation any_talk(std::mt19937_64& random) {
    Conversation talk = any_conversation(random);
    const auto host = static_cast<uint32_t>(random() % kHosts);
    talk.host = Be32::from_host(ip("10.1.0.2").host() + host);
    if (!is_by_address(talk.protocol))
        talk.port = static_cast<uint16_t>(kFirstPort + random() % kPorts);
    if (talk.protocol == Protocol::Icmp)
        talk.port = static_cast<uint16_t>(talk.port + host * 100);
    return talk;
}

/// Mostly what a TCP connection may consist of, so that many get on.
uint8_t any_flags(std::mt19937_64& random) {
    constexpr uint8_t kUsual[] = {kSyn,        kSyn | kAck, kAck, kAck | kPsh,
                                  kFin | kAck, kRst | kAck, kRst, kAck};
    const auto any = static_cast<uint8_t>(random() % 64);
    return random() % 16 == 0 ? any : kUsual[random() % std::size(kUsual)];
}

std::vector<Step> script(int steps, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Step> result;
    for (int i = 0; i < steps; ++i) {
        const auto dice = random() % 32;
        Step step{};
        step.kind = dice == 0 ? Step::Kind::Clock : dice < 18 ? Step::Kind::Out : Step::Kind::Reply;
        step.talk = any_talk(random);
        step.tcp_flags = any_flags(random);
        step.ttl = random() % 32 == 0 ? 1 : 64;
        step.duration.milliseconds =
            static_cast<int32_t>(random() % (random() % 16 == 0 ? 400'000 : 3000));
        result.push_back(step);
    }
    return result;
}

/// What came out after one step: the side, and what the packet says, but of an external port only
/// whether it is the host's own.
using Outcome = std::vector<std::string>;

class Player {
public:
    Player(unsigned workers, uint16_t rx_queues) : bed_(options(workers, rx_queues)) {}

    Outcome play(const Step& step) {
        switch (step.kind) {
            case Step::Kind::Clock:
                bed_.tick(step.duration);
                break;
            case Step::Kind::Out:
                bed_.inject(Side::Inside,
                            from_inside(step)
                                .ether(mac_of(step.talk.host), bed_.port(Side::Inside).mac())
                                .bytes());
                break;
            case Step::Kind::Reply:
                reply(step);
                break;
        }
        bed_.run();
        return look(step.talk);
    }

    uint64_t count(stats::Count count) const { return bed_.count(count); }

private:
    static TestbedOptions options(unsigned workers, uint16_t rx_queues) {
        TestbedOptions options;
        options.workers = workers;
        options.rx_queues = rx_queues;
        options.start = kBeforeWrap;
        return options;
    }

    static Frame from_inside(const Step& step) {
        Frame frame = from_host(step.talk, false).ttl(step.ttl);
        if (step.talk.protocol == Protocol::Tcp)
            frame.tcp(step.talk.port, step.talk.server_port, step.tcp_flags);
        return frame;
    }

    /// To where the conversation's packets last came from.
    void reply(const Step& step) {
        const auto known = seen_.find(step.talk);
        if (known != seen_.end() && owner_[known->second] != step.talk)
            return;  // ended long ago, and its port is another's by chance
        const Conversation& talk = step.talk;
        const ReplyKey key =
            known != seen_.end()
                ? known->second
                : ReplyKey{talk.protocol, talk.server, ip(kPublic), talk.server_port, talk.port};
        Frame frame = from_server(key, false).ttl(step.ttl);
        if (talk.protocol == Protocol::Tcp)
            frame.tcp(key.server_port, key.port, step.tcp_flags);
        bed_.inject(Side::Outside,
                    frame.ether(mac_of(ip(kRouter)), bed_.port(Side::Outside).mac()).bytes());
    }

    Outcome look(const Conversation& talk) {
        Outcome outcome;
        for (const Seen& seen : bed_.take(Side::Inside))
            outcome.push_back("in " + summary(seen) + sums(seen));
        for (Seen seen : bed_.take(Side::Outside)) {
            learn(seen, talk);
            outcome.push_back("out " + summary(seen) + sums(seen));
        }
        return outcome;
    }

    static std::string sums(const Seen& seen) { return seen.checksums_ok() ? "" : " bad sum"; }

    /// Remembers the external port, and makes one that was changed look like any other.
    void learn(Seen& seen, const Conversation& talk) {
        if (seen.protocol == 1 && seen.icmp_type != 8)
            return;  // an error of the gateway's own
        const ReplyKey key = key_of(seen);
        seen_[talk] = key;
        owner_[key] = talk;
        if (seen.protocol != 1 && seen.source_port != talk.port) {
            CHECK(seen.source_port >= 600);
            CHECK(seen.source_port < 1024);
            seen.source_port = 0;
        }
    }

    Testbed bed_;
    std::map<Conversation, ReplyKey> seen_;
    std::map<ReplyKey, Conversation> owner_;
};

}  // namespace

TEST_CASE("gateway: two and three workers let out what one worker does", "[model]") {
    const std::vector<Step> steps = script(model_operations() / 8, 11);
    Player one(1, 1);
    Player two(2, 1);
    Player two_queues(2, 2);
    Player three(3, 1);
    for (size_t i = 0; i < steps.size(); ++i) {
        CAPTURE(i, static_cast<int>(steps[i].kind), static_cast<int>(steps[i].tcp_flags));
        const Outcome expected = one.play(steps[i]);
        for (Player* player : {&two, &two_queues, &three})
            REQUIRE(player->play(steps[i]) == expected);
    }
    CHECK(one.count(stats::Count::PortChanged) > steps.size() / 100);
    for (Player* player : {&two, &two_queues, &three}) {
        CHECK(player->count(stats::Count::Handoff) > steps.size() / 100);
        CHECK(player->count(stats::Count::FlowsOpened) == one.count(stats::Count::FlowsOpened));
    }
}

}  // namespace workers_model_test
