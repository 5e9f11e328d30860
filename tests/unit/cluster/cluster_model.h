// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Cluster model: gateways of a cluster over a StoreModel, with clocks of their own, and messages
/// that are late, or lost; all of it drawn from a seed.
///
/// Shape    Time goes in steps. A gateway that has no answer within a second goes on, and what it
///          has asked may come true later. A worker uses an address for kLag longer than it should.
/// Units    Moments of true time, which no gateway can read.

#include "cluster/ownership.h"
#include "store_model.h"

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace sluice::cluster::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Weather {
    double rate = 0.001;  ///< A clock's rate is off by so much at most.
    double late = 0.01;   ///< So many messages are late by up to 4 s.
    double lost = 0.01;
    double store_rate = 0;  ///< By so much leases end early.
};

class ClusterModel {
public:
    static constexpr milliseconds kStep{10};
    static constexpr milliseconds kLag{200};

    ClusterModel(uint64_t seed, size_t addresses, Weather weather)
        : random_(seed), weather_(weather) {
        for (size_t i = 0; i < addresses; ++i)
            addresses_.push_back(Be32::from_host(0xc6336400 + static_cast<uint32_t>(i)));
    }

    void start(const std::string& name) {
        Gateway& gateway = gateways_[name];
        gateway.ownership =
            std::make_unique<Ownership>(OwnershipParams{name, ++instances_, addresses_, Timing{}});
        gateway.rate = 1 + between(-weather_.rate, weather_.rate);
        gateway.offset = milliseconds(static_cast<int64_t>(between(0, 1e6)));
        gateway.waits = false;
        gateway.used_until.resize(addresses_.size(), Moment::min());
        ++gateway.life;
    }
    void set_rate(const std::string& name, double rate) {
        Gateway& gateway = gateways_.at(name);
        const Moment before = local(gateway);
        gateway.rate = rate;
        gateway.offset += before - local(gateway);
    }
    /// It is gone; what it used a moment ago its worker does not use any more.
    void kill(const std::string& name) {
        gateways_.at(name).ownership.reset();
        gateways_.at(name).used_until.assign(addresses_.size(), Moment::min());
    }
    void leave(const std::string& name) {
        Gateway& gateway = gateways_.at(name);
        gateway.ownership->leave(local(gateway) + seconds(5));
    }
    void cut(const std::string& name, bool is_cut) { gateways_.at(name).is_cut = is_cut; }
    /// It is told nothing, but what it asks is answered.
    void hush(const std::string& name, bool is_hushed) { gateways_.at(name).is_hushed = is_hushed; }
    void calm() {
        weather_.late = weather_.lost = 0;
        for (auto& [name, gateway] : gateways_)
            gateway.is_cut = gateway.is_hushed = false;
    }
    const Ownership& of(const std::string& name) const { return *gateways_.at(name).ownership; }
    bool is_up(const std::string& name) const {
        const auto found = gateways_.find(name);
        return found != gateways_.end() && found->second.ownership != nullptr;
    }

    void run(Moment time) {
        for (const Moment end = now_ + time; now_ < end; now_ += kStep) {
            store_.end_leases(at_store());
            deliver();
            for (auto& [name, gateway] : gateways_)
                if (gateway.ownership != nullptr)
                    turn(name, gateway);
            look();
        }
    }

    /// Steps at which two used one address.
    size_t twice() const { return twice_; }
    /// Who may use it now; empty where nobody does.
    std::vector<std::string> users(size_t address) const {
        std::vector<std::string> users;
        for (const auto& [name, gateway] : gateways_)
            if (uses(gateway, address))
                users.push_back(name);
        return users;
    }
    std::map<std::string, size_t> shares() const {
        std::map<std::string, size_t> shares;
        for (size_t i = 0; i < addresses_.size(); ++i)
            for (const std::string& user : users(i))
                ++shares[user];
        return shares;
    }
    size_t unused() const {
        size_t count = 0;
        for (size_t i = 0; i < addresses_.size(); ++i)
            count += users(i).empty() ? 1 : 0;
        return count;
    }
    double between(double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random_);
    }
    bool chance(double share) { return between(0, 1) < share; }
    Moment now() const { return now_; }

private:
    struct Gateway {
        std::unique_ptr<Ownership> ownership;
        double rate = 1;
        Moment offset{};
        unsigned life = 0;      // how often it was started
        bool waits = false;     // for an answer
        uint64_t question = 0;  // which
        Moment asked{};
        bool is_cut = false;
        bool is_hushed = false;
        std::vector<Moment> used_until;  // by address
    };
    struct Message {
        Moment arrives;
        std::string name;
        unsigned life;
        uint64_t question;
        std::optional<Request> request;  // to the store; else an answer
        Answer answer;
    };

    Moment local(const Gateway& gateway) const {
        return gateway.offset +
               Moment(static_cast<int64_t>(static_cast<double>(now_.count()) * gateway.rate));
    }
    Moment at_store() const {
        return Moment(
            static_cast<int64_t>(static_cast<double>(now_.count()) * (1 + weather_.store_rate)));
    }
    Moment delay() {
        const double late = chance(weather_.late) ? between(0, 4000) : between(0, 6);
        return milliseconds(static_cast<int64_t>(late));
    }

    void send(Message message) {
        if (chance(weather_.lost))
            return;
        message.arrives = now_ + delay();
        messages_.push_back(std::move(message));
    }

    void deliver() {
        for (auto message = messages_.begin(); message != messages_.end();) {
            Gateway& gateway = gateways_.at(message->name);
            if (message->arrives > now_) {
                ++message;
                continue;
            }
            Message here = std::move(*message);
            message = messages_.erase(message);
            if (gateway.is_cut)
                continue;
            if (here.request) {
                here.answer = store_.ask(*here.request, at_store());
                here.request.reset();
                send(std::move(here));
            } else if (gateway.ownership != nullptr && gateway.life == here.life && gateway.waits &&
                       gateway.question == here.question) {
                gateway.waits = false;
                gateway.ownership->answer(here.answer, local(gateway));
            }
        }
    }

    void turn(const std::string& name, Gateway& gateway) {
        hear(gateway);
        if (gateway.waits && local(gateway) - gateway.asked > seconds(1)) {
            gateway.waits = false;
            gateway.ownership->answer({}, local(gateway));
        }
        if (gateway.waits)
            return;
        if (auto request = gateway.ownership->next(local(gateway))) {
            gateway.waits = true;
            gateway.asked = local(gateway);
            send({{}, name, gateway.life, ++gateway.question, std::move(request), {}});
        }
    }

    void hear(Gateway& gateway) {
        const auto from = gateway.ownership->heard().news_from();
        if (!from || gateway.is_cut || gateway.is_hushed || !chance(0.5))
            return;
        const auto& history = store_.history();
        const auto next = std::ranges::lower_bound(history, *from, {}, &News::revision);
        if (next != history.end())
            gateway.ownership->hear(*next, local(gateway));
    }

    bool uses(const Gateway& gateway, size_t address) const {
        return gateway.ownership != nullptr && gateway.ownership->has(address) &&
               local(gateway) < gateway.ownership->use_until();
    }

    void look() {
        for (size_t i = 0; i < addresses_.size(); ++i) {
            size_t count = 0;
            for (auto& [name, gateway] : gateways_) {
                if (uses(gateway, i))
                    gateway.used_until[i] = now_ + kLag;
                count += gateway.used_until[i] > now_ ? 1 : 0;
            }
            twice_ += count > 1 ? 1 : 0;
        }
    }

    std::mt19937_64 random_;
    Weather weather_;
    std::vector<Be32> addresses_;
    Moment now_{};
    StoreModel store_{seconds(5)};
    std::map<std::string, Gateway> gateways_;
    std::list<Message> messages_;
    uint64_t instances_ = 0;
    size_t twice_ = 0;
};

}  // namespace sluice::cluster::testing
