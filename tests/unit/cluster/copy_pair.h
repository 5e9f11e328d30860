// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copy pair: a gateway that tells copies of its flows, and one that keeps them.

#include "../flow/flows.h"
#include "catch.h"
#include "cluster/copy_keeper.h"
#include "cluster/copy_teller.h"
#include "cluster/inbox.h"
#include "cluster/taking.h"
#include "comes_true.h"
#include "free_port.h"
#include "pool/holdings.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <utility>
#include <vector>

namespace sluice::cluster::testing {

constexpr uint8_t kCopiedStatus = 4;
/// By which flows 0 to 255 of tests/unit/flow/flows.h go, and the next 256.
inline const Be32 kCopied = Be32::from_host(0xc6330000);
inline const Be32 kUncopied = Be32::from_host(0xc6330001);

inline std::unique_ptr<sync::Tls> copy_tls() {
    sync::Key key{};
    key.fill(1);
    auto tls = sync::Tls::create(key);
    REQUIRE(tls.ok());
    return std::move(*tls);
}

/// It has no control core: what would be put into the flow table is noted.
struct CopyTaker {
    explicit CopyTaker(size_t most = 1000, Moment outlives = std::chrono::seconds(15)) {
        auto kept = CopyKeeper::start(
            {inbox, most, outlives, [this](const std::vector<sync::Owned>& owned) {
                 const std::lock_guard lock(mutex);
                 filled.insert(filled.end(), owned.begin(), owned.end());
             }});
        REQUIRE(kept.ok());
        keeper = std::move(*kept);
        auto started = Taking::start({place,
                                      *tls,
                                      hello,
                                      inbox,
                                      [](const std::vector<Be32>&) {},
                                      [this](const std::string& sentence) {
                                          const std::lock_guard lock(mutex);
                                          notices.push_back(sentence);
                                      },
                                      {},
                                      keeper.get()});
        REQUIRE(started.ok());
        taking = std::move(*started);
    }
    /// Takes what has come; true when it was all.
    bool take() {
        std::vector<sync::Change> changes;
        if (!inbox.mailbox.take(changes))
            return false;
        for (const sync::Change& change : changes) {
            if (change.what == sync::Change::What::Put)
                records.push_back(change.record);
            if (change.what == sync::Change::What::Complete)
                inbox.taken.fetch_add(1, std::memory_order_release);
        }
        return changes.back().what == sync::Change::What::Complete;
    }
    bool is_filled(const sync::Owned& owned) {
        const std::lock_guard lock(mutex);
        return std::ranges::find(filled, owned) != filled.end();
    }

    const net::Endpoint place{Be32::from_host(INADDR_LOOPBACK), test::free_port(INADDR_LOOPBACK)};
    std::unique_ptr<sync::Tls> tls = copy_tls();
    sync::Hello hello;
    Inbox inbox;
    std::mutex mutex;
    std::vector<std::string> notices;
    std::vector<sync::Owned> filled;
    std::vector<sync::Record> records;
    std::unique_ptr<CopyKeeper> keeper;
    std::unique_ptr<Taking> taking;
};

/// It holds both addresses.
struct CopySender {
    explicit CopySender(uint64_t instance = 5) {
        hello.instance = instance;
        holdings.hold(0, true);
        holdings.hold(1, true);
        auto started = CopyTeller::start({*table, [] { return flow::testing::kNow; }, *tls, hello,
                                          Be32::from_host(INADDR_LOOPBACK),
                                          [this](Be32 address) { return address == number; },
                                          kCopiedStatus, holdings,
                                          [this](const std::string& sentence) {
                                              const std::lock_guard lock(mutex);
                                              notices.push_back(sentence);
                                          }});
        REQUIRE(started.ok());
        teller = std::move(*started);
    }
    /// A flow that is to have a copy, or is not yet.
    flow::FlowRef open(uint32_t n, bool is_wanted = true) {
        const flow::FlowRef flow = flow::testing::open(*table, member, n).holder;
        if (is_wanted)
            assure(flow);
        return flow;
    }
    void assure(flow::FlowRef flow) {
        table->record(flow).status.store(kCopiedStatus, std::memory_order_relaxed);
        member.tell_change(flow.index(), flow::testing::kNow);
    }
    bool close(flow::FlowRef flow) { return flow::testing::close(*table, member, flow); }
    void aim(const CopyTaker& at, std::vector<sync::Owned> owned, uint64_t stops = 0) {
        teller->aim({{"b", 1, at.place, std::move(owned), stops}});
    }
    bool is_copied(Be32 address) const { return teller->copied().contains(address); }

    std::unique_ptr<flow::FlowTable> table = flow::testing::make_table(1024);
    flow::Member member{*table};
    std::unique_ptr<sync::Tls> tls = copy_tls();
    sync::Hello hello;
    Be32 number{};
    pool::Holdings holdings{{kCopied, kUncopied}};
    std::mutex mutex;
    std::vector<std::string> notices;
    std::unique_ptr<CopyTeller> teller;
};

}  // namespace sluice::cluster::testing
