// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/flow_logs.h"

#include "collectors.h"
#include "temporary_directory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

namespace flow_logs_test {

using namespace sluice;
using namespace sluice::flowlog;
using namespace sluice::flowlog::testing;
using flow::Event;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr unsigned kSession = 256;

class Folder : public test::TemporaryDirectory {
public:
    config::FlowLogTarget target(const std::string& name) const {
        const std::string path = file(name);
        return {config::LogForm::Json,
                {.transport = config::Transport::File, .path = path},
                "--log-flows json:" + path};
    }
    bool has(const std::string& name) const { return std::filesystem::exists(file(name)); }
    size_t lines(const std::string& name) const {
        std::ifstream log(file(name));
        return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(log), {}, '\n'));
    }
};

template <typename Condition>
void wait_until(Condition condition) {
    const auto end = steady_clock::now() + seconds(10);
    while (!condition()) {
        REQUIRE(steady_clock::now() < end);
        std::this_thread::yield();
    }
}

void read_until(ExportReader& reader, const Place& place, size_t sessions) {
    wait_until([&] {
        reader.read_all(receive(place.get(), milliseconds(10)));
        return reader.of(kSession).size() >= sessions;
    });
}

}  // namespace

TEST_CASE("flow logs: one that comes tells of what happens from now on", "[flowlog]") {
    const Folder folder;
    flow::Journal journal(1);
    FlowLogs logs(journal, {});
    CHECK_FALSE(journal.is_heard());
    REQUIRE(logs.change({.lines = {folder.target("first")}}));
    CHECK(journal.is_heard());
    journal.write(0, session(Event::Opened, 1000));
    REQUIRE(logs.change({.lines = {folder.target("first"), folder.target("second")}}));
    journal.write(0, session(Event::Ended, 1000));
    wait_until([&] { return logs.sent() == 3; });
    logs.stop();
    CHECK(folder.lines("first") == 2);
    CHECK(folder.lines("second") == 1);
    CHECK(logs.lost() == 0);
}

TEST_CASE("flow logs: one that stays loses nothing and goes on with its numbers", "[flowlog]") {
    const Folder folder;
    Place place(SOCK_DGRAM);
    flow::Journal journal(1);
    FlowLogs logs(journal, {});
    config::FlowLogs wanted;
    wanted.ipfix = place.target();
    REQUIRE(logs.change(wanted));
    ExportReader reader;
    for (uint16_t port = 1; port <= 300; ++port) {
        journal.write(0, session(Event::Opened, port));
        if (port % 100 == 0) {  // a file comes, and goes
            wanted.lines = {folder.target("log")};
            wanted.lines.resize(port / 100 % 2);
            REQUIRE(logs.change(wanted));
        }
    }
    read_until(reader, place, 300);
    journal.write(0, session(Event::Ended));
    read_until(reader, place, 301);
    CHECK(reader.sequence == 300);  // of the records before the last message
    CHECK(logs.lost() == 0);
}

TEST_CASE("flow logs: one that goes tells what there is, and then nobody listens", "[flowlog]") {
    const Folder folder;
    flow::Journal journal(1);
    FlowLogs logs(journal, {});
    REQUIRE(logs.change({.lines = {folder.target("log")}}));
    for (uint16_t port = 1; port <= 500; ++port)
        journal.write(0, session(Event::Opened, port));
    REQUIRE(logs.change({}));
    wait_until([&] { return !logs.reap(); });
    CHECK_FALSE(journal.is_heard());
    CHECK(folder.lines("log") == 500);
    CHECK(logs.sent() == 500);
    journal.write(0, session(Event::Ended));
    logs.stop();
    CHECK(folder.lines("log") == 500);
}

TEST_CASE("flow logs: one that goes while its collector is away says what is lost with it",
          "[flowlog]") {
    Place place(SOCK_STREAM);
    place.leave();
    flow::Journal journal(1);
    std::mutex mutex;
    std::vector<std::string> notices;
    FlowLogsParams params;
    params.notice = [&](const std::string& text) {
        const std::lock_guard lock(mutex);
        notices.push_back(text);
    };
    FlowLogs logs(journal, params);
    config::FlowLogs wanted;
    wanted.ipfix = place.target();
    REQUIRE(logs.change(wanted));
    journal.write(0, session(Event::Opened));
    REQUIRE(logs.change({}));
    wait_until([&] { return !logs.reap(); });
    CHECK(logs.lost() == 1);
    const std::lock_guard lock(mutex);
    REQUIRE_FALSE(notices.empty());
    CHECK(notices.back() == "--ipfix: it ends, and 1 records that were not delivered are lost");
}

TEST_CASE("flow logs: where one cannot be opened, nothing changes", "[flowlog]") {
    const Folder folder;
    flow::Journal journal(1);
    FlowLogs logs(journal, {});
    REQUIRE(logs.change({.lines = {folder.target("old")}}));
    const config::FlowLogs wanted{.lines = {folder.target("new"), folder.target("missing/log")}};
    const Status looked = logs.look_at(wanted);
    REQUIRE_FALSE(looked);
    CHECK(looked.error().message ==
          folder.target("missing/log").name + ": it cannot be opened: No such file or directory");
    CHECK_FALSE(logs.look_at({.lines = {folder.target("")}}));
    const Status changed = logs.change(wanted);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().message == looked.error().message);
    CHECK_FALSE(folder.has("new"));
    journal.write(0, session(Event::Opened));
    wait_until([&] { return logs.sent() == 1; });
    CHECK(folder.lines("old") == 1);
}

TEST_CASE("flow logs: to look whether they can be opened makes no file", "[flowlog]") {
    const Folder folder;
    flow::Journal journal(1);
    const FlowLogs logs(journal, {});
    CHECK(logs.look_at({.lines = {folder.target("log")}}));
    CHECK_FALSE(folder.has("log"));
    CHECK_FALSE(journal.is_heard());
}

TEST_CASE("flow logs: flows beside blocks come and go by what is wanted", "[flowlog]") {
    const Folder folder;
    flow::Journal journal(1);
    FlowLogsParams params;
    params.told.block_size = 64;
    FlowLogs logs(journal, params);
    const auto wanted = [&](bool both) {
        return config::FlowLogs{.lines = {folder.target("log")}, .both = both};
    };
    REQUIRE(logs.change(wanted(false)));
    journal.write(0, session(Event::Opened, 1));
    journal.write(0, block(Event::Opened, 2048));
    wait_until([&] { return logs.sent() == 1; });
    REQUIRE(logs.change(wanted(true)));
    journal.write(0, session(Event::Opened, 2));
    wait_until([&] { return logs.sent() == 2; });
    CHECK(folder.lines("log") == 2);
}

}  // namespace flow_logs_test
