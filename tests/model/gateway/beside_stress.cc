// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What tells of a gateway, and answers for it, on the threads that it has for users, each kind
/// alone beside two workers and a control core that move packets: the logs of translations, which
/// reloads start and end; the thread that writes down the history, and who asks for it; the control
/// socket; and HTTP. Built with the thread sanitizer where it can be, which then fails the program
/// at its first report.
///
/// At the end each has told something, every packet is accounted for, and none is lost.

#include "command/address_traffic.h"
#include "command/outlooks.h"
#include "command/recorder.h"
#include "command/recording.h"
#include "command/server.h"
#include "command/tally.h"
#include "flowlog/flow_logs.h"
#include "free_port.h"
#include "on_threads.h"
#include "temporary_directory.h"
#include "wire.h"

#include <array>
#include <ctime>
#include <functional>
#include <httplib.h>
#include <memory>
#include <oneapi/tbb/global_control.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

using namespace sluice;
using namespace sluice::test;
using stats::Count;
using std::chrono::milliseconds;

namespace {

constexpr unsigned kPacketsPerWorker = 6'000;
constexpr auto kBetweenReloads = milliseconds(20);
constexpr auto kBetweenRows = milliseconds(2);
const listing::Background kAnywhere{.cpus = {}, .idle_class = false};

command::Subject subject_of(gateway::Gateway& gateway) {
    std::vector<const stats::Counters*> workers;
    for (unsigned i = 0; i < gateway.workers(); ++i)
        workers.push_back(&gateway.worker(i).counters());
    return {.flows = gateway.table(),
            .hosts = gateway.hosts(),
            .watches = gateway.watches(),
            .workers = std::move(workers),
            .snapshot = [&gateway] { return gateway.snapshot(); },
            .now = [] { return clock_now(); },
            .operator_counters = gateway.operator_counters(),
            .version = "1.2.3",
            .ports_of = [&gateway](Be32 address) { return gateway.ports_of(address); }};
}

/// Logs come and go while they tell; how much they have told and lost is asked all the time.
uint64_t log_flows(const std::atomic<bool>& stop, gateway::Gateway& gateway) {
    const TemporaryDirectory folder;
    flowlog::FlowLogs logs(gateway.table().journal(), {.told = {}, .background = kAnywhere});
    config::FlowLogs one, two;
    const config::Collector first{.transport = config::Transport::File,
                                  .path = folder.file("first")};
    const config::Collector second{.transport = config::Transport::File,
                                   .path = folder.file("second")};
    one.lines = {{config::LogForm::Json, first, "first"}};
    two.lines = {{config::LogForm::Json, first, "first"},
                 {config::LogForm::Text, second, "second"}};
    for (unsigned turn = 0; !stop; ++turn) {
        require(logs.change(turn % 2 == 0 ? two : one).ok(), "the logs do not change");
        logs.reap();
        std::this_thread::sleep_for(kBetweenReloads);
        (void)(logs.sent() + logs.lost());
    }
    logs.stop();
    return logs.sent();
}

/// One writes the history down, another asks for it.
uint64_t record(const std::atomic<bool>& stop, gateway::Gateway& gateway) {
    const command::Subject subject = subject_of(gateway);
    command::Outlooks outlooks(subject);
    command::Recorder recorder(subject, outlooks);
    command::AddressTraffic addresses(subject);
    command::Tally tally(gateway.operator_counters());
    const command::Recording recording({outlooks, recorder, addresses, tally}, kAnywhere,
                                       kBetweenRows);
    constexpr std::array kGroups{"packets", "flows", "drops", "workers"};
    uint64_t answers = 0;
    while (!stop) {
        const auto answer = recorder.answer({{"of", kGroups[answers % kGroups.size()]}},
                                            listing::Format::Json, std::time(nullptr));
        require(answer.ok(), "the history is refused");
        (void)outlooks.flows();
        (void)addresses.read();
        ++answers;
        std::this_thread::yield();
    }
    return answers;
}

/// By two clients at once, until the end.
uint64_t ask(const std::atomic<bool>& stop, const std::function<httplib::Client()>& client,
             std::span<const char* const> paths) {
    std::atomic<uint64_t> answers{0};
    const auto go_on = [&](size_t first) {
        for (size_t i = first; !stop; ++i) {
            const auto answer = client().Get(paths[i % paths.size()]);
            require(static_cast<bool>(answer), "a question is not answered");
            // By HTTP one list is made at a time.
            require(answer->status == 200 || answer->status == 503, "a question is refused");
            answers += answer->status == 200 ? 1 : 0;
        }
    };
    std::thread other([&] { go_on(1); });
    go_on(0);
    other.join();
    return answers;
}

uint64_t serve(const std::atomic<bool>& stop, gateway::Gateway& gateway) {
    const TemporaryDirectory folder;
    const std::string path = folder.file("sluice.sock");
    const auto server = command::Server::start(
        {.path = path, .background = kAnywhere, .record_every = kBetweenRows}, subject_of(gateway));
    require(server.ok(), "no server");
    constexpr std::array kPaths{"/v1/flows", "/v1/stats", "/metrics",       "/v1/hosts",
                                "/v1/ports", "/healthz",  "/v1/flows/count"};
    return ask(
        stop,
        [&] {
            httplib::Client client(path);
            client.set_address_family(AF_UNIX);
            client.set_default_headers({{"Host", "sluice"}});
            return client;
        },
        kPaths);
}

uint64_t serve_web(const std::atomic<bool>& stop, gateway::Gateway& gateway) {
    const TemporaryDirectory folder;
    const Be16 port = free_port();
    const auto server = command::Server::start({.path = folder.file("sluice.sock"),
                                                .background = kAnywhere,
                                                .http = command::TcpAddress{ip("127.0.0.1"), port},
                                                .record_every = kBetweenRows},
                                               subject_of(gateway));
    require(server.ok(), "no server");
    constexpr std::array kPaths{"/metrics", "/v1/stats", "/healthz", "/v1/hosts",
                                "/v1/history?of=packets"};
    return ask(
        stop, [&] { return httplib::Client("127.0.0.1", port.host()); }, kPaths);
}

using Beside = uint64_t (*)(const std::atomic<bool>&, gateway::Gateway&);

Beside named(std::string_view name) {
    if (name == "flow-log")
        return log_flows;
    if (name == "history")
        return record;
    if (name == "socket")
        return serve;
    require(name == "web", "flow-log, history, socket or web");
    return serve_web;
}

void run(Wire& wire, gateway::Gateway& gateway, Beside beside) {
    gateway.control().start(clock_now());
    uint64_t told = 0;
    Threads other;
    other.add([&](const std::atomic<bool>& stop) { told = beside(stop, gateway); });
    Threads threads;
    turn_all(threads, gateway);
    const bool finished = becomes_still(wire, gateway);
    other.end();  // while the others still turn, as at the end of a process
    threads.end();
    require(finished, "packets are still on their way");
    require(told > 0, "nothing was told");
    std::printf("beside-stress: told %lu times\n", told);
}

void check(const Wire& wire, const gateway::Gateway& gateway) {
    const stats::Snapshot sum = gateway.snapshot();
    check_accounts(sum);
    require(wire.answered() > kPacketsPerWorker / 4, "hardly anything was forwarded");
    require(sum.count[Count::FlowsExpired] > 0, "no flow expired");
}

}  // namespace

int main(int argc, char* argv[]) {
    require(argc == 2, "say what is to be beside the workers");
    const Beside beside = named(argv[1]);
    // A list is made by the thread that answers. What others see of it is put in order by oneTBB,
    // which is not built with the sanitizer, so that it would report each look at a filter.
    using oneapi::tbb::global_control;
    const global_control alone(global_control::max_allowed_parallelism, 1);
    stress(
        kPacketsPerWorker,
        [beside](Wire& wire, gateway::Gateway& gateway) { run(wire, gateway, beside); }, check);
}
