// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Delivery: takes messages to a collector, which may be away.
///
/// Units    Milliseconds of the steady clock.
/// Threads  One.
/// Errors   What a collector does not get is lost, counted, and told to it once it is there again.
///          The operator's log says when it goes away and when it is there again. turn() throws
///          std::bad_alloc, and loses nothing by it; memory.h has the rule.

#include "base/result.h"
#include "config/collector.h"
#include "flowlog/account.h"
#include "flowlog/encoder.h"
#include "flowlog/memory.h"
#include "flowlog/message.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sluice::flowlog {

struct DeliveryParams {
    config::FlowLogTarget target;
    const Encoder& encoder;
    Account& account;
    std::function<void(const std::string&)> notice;  ///< Of the operator's log.
    /// What may wait for a collector that can be waited for: some 390,000 records of IPFIX.
    size_t most_waiting_bytes = size_t{16} << 20;

    /// Tells the operator's log what `text` makes, if there is memory for it.
    template <typename Text>
    void say(Text text) const {
        if_memory_allows([&] { notice(target.name + text()); });
    }
};

class Delivery {
public:
    virtual ~Delivery() = default;

    /// Whatever can be done now: to connect, to send, to learn what has arrived. To be called
    /// often, and before the put()s of a moment.
    virtual void turn(int64_t now) = 0;
    /// Takes it, or counts it as lost.
    virtual void put(Message message) = 0;
    virtual bool has_waiting() const = 0;
    /// The end: what still waits is lost.
    virtual void give_up() = 0;
};

/// To a collector's port, or a socket of this machine.
std::unique_ptr<Delivery> deliver_by_datagrams(const DeliveryParams& params);
std::unique_ptr<Delivery> deliver_by_tcp(const DeliveryParams& params);
/// Fails where the file cannot be opened now.
Result<std::unique_ptr<Delivery>> deliver_to_file(const DeliveryParams& params);
/// Whether that would fail, as far as it can be known without making the file.
Status look_at_file(const config::FlowLogTarget& target);

}  // namespace sluice::flowlog
