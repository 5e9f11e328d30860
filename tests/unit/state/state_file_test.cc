// SPDX-License-Identifier: BSD-3-Clause
#include "state/state_file.h"

#include "catch.h"
#include "testing/memory_directory.h"

#include <filesystem>
#include <fstream>
#include <string>

namespace state_file_test {

using namespace sluice;
using namespace sluice::state;
using flow::Life;
using sluice::testing::MemoryDirectory;

namespace {

constexpr Shape kShape{100, 0, 0};

/// Leaves a live record, and says whether the process ended in order.
void leave(const std::string& path, const Shape& shape, bool in_order) {
    auto file = StateFile::open({path, shape});
    REQUIRE(file);
    CHECK_FALSE(file->found().has_records);
    flow::FlowRecord& record = file->records().records[7];
    record.tuple[0].source_port = Be16::from_host(4711);
    record.life.store(flow::LifeWord{}.with(Life::Live));
    file->touch();
    if (in_order)
        file->stop();
}

uint16_t port_of(const StateFile& file, size_t index) {
    return file.records().records[index].tuple[0].source_port.host();
}

/// Overwrites a part of the header.
void poke(const std::string& path, std::streamoff offset, char value) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.put(value);
}

}  // namespace

TEST_CASE("state file: the next process finds records and clock", "[state]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    const bool in_order = GENERATE(true, false);
    leave(path, kShape, in_order);
    auto file = StateFile::open({path, kShape});
    REQUIRE(file);
    CHECK(file->found().has_records);
    CHECK(file->found().was_stopped == in_order);
    CHECK(file->found().absence >= 0);
    CHECK(file->found().absence < 60'000'000'000);
    CHECK(port_of(*file, 7) == 4711);
    CHECK(file->bytes() >= image_bytes(kShape));
    const MonotonicClock::Time start = file->clock().start();
    file = StateFile::open({directory.file("other"), kShape});  // the first one is let go
    REQUIRE(file);
    CHECK(file->clock().start() > start);
    auto again = StateFile::open({path, kShape});
    REQUIRE(again);
    CHECK(again->clock().start() == start);
    CHECK_FALSE(again->found().was_stopped);  // the second one has not
}

TEST_CASE("state file: another shape is moved, and takes the place of the first", "[state]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    leave(path, kShape, true);
    std::ofstream(path + ".new") << "of a move that was cut short";
    std::filesystem::permissions(path + ".new", std::filesystem::perms{0600});
    {
        auto file = StateFile::open({path, {200, 1, 0}});
        REQUIRE(file);
        CHECK(file->found().has_records);
        CHECK(file->found().was_stopped);
        CHECK(file->found().without_room == 0);
        CHECK(file->records().records.size() == 200);
        CHECK(file->records().accounts.size() == 200);
        CHECK(port_of(*file, 0) == 4711);
        CHECK_FALSE(std::filesystem::exists(path + ".new"));
        const auto second = StateFile::open({path, {200, 1, 0}});
        REQUIRE_FALSE(second);
        CHECK(second.error().message == "--state " + path + ": another process has it open");
    }
    auto file = StateFile::open({path, {200, 1, 0}});
    REQUIRE(file);
    CHECK(port_of(*file, 0) == 4711);
}

TEST_CASE("state file: what does not fit is emptied, or refused", "[state]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    leave(path, kShape, true);
    const Shape other{100, 0, 64};
    const auto refused = StateFile::open({path, other, -1, true});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "--state " + path +
                                         ": was written with --port-block-size 0 "
                                         "(--state-mismatch refuse)");
    {
        auto file = StateFile::open({path, kShape, -1, true});
        REQUIRE(file);  // it was left as it was
        CHECK(port_of(*file, 7) == 4711);
    }
    auto file = StateFile::open({path, other});
    REQUIRE(file);
    CHECK_FALSE(file->found().has_records);
    CHECK(file->found().emptied == "was written with --port-block-size 0");
    CHECK(port_of(*file, 7) == 0);
}

TEST_CASE("state file: another boot's is emptied, even where a mismatch is refused", "[state]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    leave(path, kShape, true);
    poke(path, offsetof(Header, boot), '!');
    auto file = StateFile::open({path, kShape, -1, true});
    REQUIRE(file);
    CHECK(file->found().emptied == "is of another boot");
}

TEST_CASE("state file: cut short, it is emptied", "[state]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    leave(path, kShape, true);
    std::filesystem::resize_file(path, GENERATE(5000, 4096, 100, 0));
    auto file = StateFile::open({path, kShape});
    REQUIRE(file);
    CHECK_FALSE(file->found().has_records);
    CHECK(port_of(*file, 7) == 0);
}

TEST_CASE("state file: somebody else's file is left as it is", "[state]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    const std::string text(GENERATE(5, 10'000), 'x');
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms{0600});
    const auto file = StateFile::open({path, kShape});
    REQUIRE_FALSE(file);
    CHECK(file.error().message ==
          "--state " + path + ": is no state of sluice, and is left as it is");
    std::ifstream left(path);
    CHECK(std::string(std::istreambuf_iterator<char>(left), {}) == text);
}

TEST_CASE("state file: what cannot be had names the flag", "[state]") {
    const auto file = StateFile::open({"/dev/shm/no/such", kShape});
    REQUIRE_FALSE(file);
    CHECK(file.error().message ==
          "--state /dev/shm/no/such: cannot be opened (No such file or directory)");
}

}  // namespace state_file_test
