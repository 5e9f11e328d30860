// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Table check: reads the flow table as a whole, for what must be true of all flows at once.
///
/// Shape    Holders are the operator's, told by hold() and own(), and the mappings in the table
///          itself. Of every flow the ends that are inside are looked at: who is seen outside as
///          what.
/// Errors   The first fault, as a sentence; empty if there is none.

#include "flow/flow_table.h"
#include "net/side.h"

#include <string>
#include <vector>

namespace sluice::test {

class TableCheck {
public:
    /// A public endpoint is an inside endpoint's and nobody else's, and the only one that it has.
    void hold(net::Protocol protocol, net::Endpoint external, net::Endpoint inside);
    /// Likewise a whole address, with every port, but for what hold() says.
    void own(Be32 external, Be32 inside);
    /// These alone may be seen outside.
    void show(Be32 external) { shown_.push_back(external); }
    bool shows(Be32 external) const;

    /// No key stands for two flows; every endpoint held has one holder; nothing else is seen.
    std::string fault(flow::FlowTable& table, Tick now) const;

private:
    struct Hold {
        net::Protocol protocol{};
        net::Endpoint external;
        net::Endpoint inside;
    };
    struct Own {
        Be32 external;
        Be32 inside;
    };

    std::string fault_of(const Hold& end, const std::vector<Hold>& holds) const;

    std::vector<Hold> holds_;
    std::vector<Own> owns_;
    std::vector<Be32> shown_;
};

}  // namespace sluice::test
