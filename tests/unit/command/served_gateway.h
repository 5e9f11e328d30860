// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A flow table with its counters, and a server that speaks about them on a socket of its own.

#include "base/descriptor.h"
#include "command/server.h"
#include "temporary_directory.h"
#include "unit/listing/sample_flows.h"

#include <array>
#include <functional>
#include <httplib.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace sluice::command::testing {

using listing::testing::kNow;
using listing::testing::nth;
using listing::testing::open;
using listing::testing::Sample;
using test::TemporaryDirectory;

struct Gateway {
    explicit Gateway(uint32_t capacity = 1000) : table(listing::testing::make_table(capacity)) {}

    Subject subject() {
        return {.flows = *table,
                .hosts = *hosts,
                .watches = watches,
                .workers = {&counters[0], &counters[1]},
                .snapshot =
                    [this] {
                        stats::Snapshot sum;
                        for (const stats::Counters& one : counters)
                            sum.add(one);
                        return sum;
                    },
                .now = [] { return kNow; },
                .operator_counters = counters[2],
                .version = "1.2.3",
                .ports_of = [](Be32) { return 64'512u; },
                .reload = [](bool dry_run) -> Result<std::string> {
                    if (dry_run)
                        return std::string("- deny = 10.0.0.0/8\n");
                    return Error{"sluice.conf:1:1: worker: there is no such flag"};
                },
                .configuration = [] { return std::string("workers = 2\n"); }};
    }
    void open_flow(const Sample& flow) {
        flow::Member member(*table);
        open(*table, member, flow);
    }
    void open_flows(uint32_t count) {
        flow::Member member(*table);
        for (uint32_t n = 0; n < count; ++n)
            open(*table, member, nth(n));
    }

    std::unique_ptr<hosts::HostTable> hosts =
        std::move(hosts::HostTable::create({.capacity = 64, .flows = 1 << 17}).value());
    std::unique_ptr<flow::FlowTable> table;
    observe::Watches watches{table->grace(), 3};
    std::array<stats::Counters, 3> counters;  ///< Two workers, then the operators.
};

struct ServedGateway : Gateway {
    explicit ServedGateway(uint32_t capacity = 1000, ServerParams params = {},
                           std::function<std::vector<PoolAddress>()> pools = {})
        : Gateway(capacity) {
        params.path = path;
        params.background.idle_class = false;
        Subject subject = this->subject();
        if (pools)
            subject.pools = std::move(pools);
        auto started = Server::start(params, subject);
        REQUIRE(started);
        server = std::move(started).value();
    }

    httplib::Client client() const {
        httplib::Client client(path);
        client.set_address_family(AF_UNIX);
        client.set_default_headers({{"Host", "sluice"}});
        return client;
    }

    TemporaryDirectory directory;
    std::string path = directory.file("sluice.sock");
    std::unique_ptr<Server> server;
};

/// Of a client that does as it likes: the bytes that were taken of what it says.
inline ssize_t say(const Descriptor& fd, const std::string& text) {
    return send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

/// All that the server says until it closes the connection.
inline std::string hear(const Descriptor& fd) {
    std::string text;
    char buffer[4096];
    ssize_t count = 0;
    while ((count = recv(fd.get(), buffer, sizeof buffer, 0)) > 0)
        text.append(buffer, static_cast<size_t>(count));
    return text;
}

/// The answer to a GET, which is to have that status.
inline std::string get(const ServedGateway& gateway, const std::string& path, int status = 200) {
    const auto answer = gateway.client().Get(path);
    REQUIRE(answer);
    CHECK(answer->status == status);
    return answer->body;
}

}  // namespace sluice::command::testing
