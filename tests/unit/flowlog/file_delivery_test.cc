// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "flowlog/delivery.h"
#include "flowlog/lines.h"
#include "temporary_directory.h"
#include "testing/no_memory.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace file_delivery_test {

using namespace sluice;
using namespace sluice::flowlog;
using test::TemporaryDirectory;

namespace {

constexpr size_t kMostWaitingBytes = 4000;

std::string read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Files grow no further than that, as on a disk that is full.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) {
        getrlimit(RLIMIT_FSIZE, &before_);
        old_ = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{bytes, before_.rlim_max};
        REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, old_);
    }
    FullDisk(const FullDisk&) = delete;

private:
    rlimit before_{};
    void (*old_)(int) = nullptr;
};

/// A delivery, in a time of the test's own.
struct Writer {
    explicit Writer(const std::string& path) {
        config::FlowLogTarget target{config::LogForm::Json,
                                     {.transport = config::Transport::File, .path = path},
                                     "--log-flows json:" + path};
        auto made = deliver_to_file({target, lines, account,
                                     [this](const std::string& text) { notices.push_back(text); },
                                     kMostWaitingBytes});
        if (made)
            delivery = std::move(*made);
        else
            error = made.error().message;
    }

    void put(std::string bytes) {
        delivery->put({.bytes = std::move(bytes), .records = 1, .period = {1000, 2000}});
    }
    void turn(int64_t milliseconds = 1) { delivery->turn(now += milliseconds); }

    Lines lines{{}};
    Account account;
    std::vector<std::string> notices;
    std::unique_ptr<Delivery> delivery;
    std::string error;
    int64_t now = 1'000'000;
};

}  // namespace

TEST_CASE("file delivery: what is put stands in the file, behind what was there", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("log");
    std::ofstream(path) << "before\n";
    Writer writer(path);
    REQUIRE(writer.delivery != nullptr);
    writer.put("one\n");
    writer.put("two\n");
    writer.turn();
    CHECK(read(path) == "before\none\ntwo\n");
    CHECK(writer.account.sent() == 2);
    CHECK_FALSE(writer.delivery->has_waiting());
    CHECK(writer.notices.empty());
}

TEST_CASE("file delivery: a file that cannot be opened at the start is refused", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("missing/log");
    CHECK(Writer(path).error ==
          "--log-flows json:" + path + ": it cannot be opened: No such file or directory");
    CHECK_FALSE(Writer(folder.file("")).error.empty());
}

TEST_CASE("file delivery: others may not read what it makes", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("log");
    const Writer writer(path);
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07) == 0);
}

TEST_CASE("file delivery: a file that was rotated is followed by a new one", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("log");
    Writer writer(path);
    writer.put("one\n");
    writer.turn();
    std::filesystem::rename(path, path + ".1");
    writer.turn(1000);
    writer.put("two\n");
    writer.turn();
    CHECK(read(path + ".1") == "one\n");
    CHECK(read(path) == "two\n");
}

TEST_CASE("file delivery: a full disk is said, and records wait for room", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("log");
    Writer writer(path);
    {
        const FullDisk disk(6);
        writer.put("one\n");
        writer.put("two\n");
        writer.turn();
        writer.turn(1000);
        CHECK(read(path) == "one\ntw");
        REQUIRE(writer.notices.size() == 1);
        CHECK(writer.notices[0].find("it cannot be written (File too large)") != std::string::npos);
        CHECK(writer.account.sent() == 1);
    }
    writer.turn(1000);
    CHECK(read(path) == "one\ntwo\n");
    CHECK(writer.notices.size() == 2);
    CHECK(writer.account.lost() == 0);
}

TEST_CASE("file delivery: a new file begins with a whole line", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("log");
    Writer writer(path);
    {
        const FullDisk disk(6);
        writer.put("one\ntwo\nthree\n");
        writer.turn();
        CHECK(read(path) == "one\ntw");
    }
    std::filesystem::rename(path, path + ".1");
    writer.turn(1000);
    CHECK(read(path) == "two\nthree\n");
}

TEST_CASE("file delivery: what finds no room is lost, counted, and told behind what did",
          "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("log");
    Writer writer(path);
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);  // which cannot be opened
    writer.turn(1000);
    const std::string line(999, 'x');
    for (int i = 0; i < 10; ++i)
        writer.put(line + '\n');
    const uint64_t lost = writer.account.lost();
    CHECK(lost >= 6);
    CHECK(lost < 10);
    std::filesystem::remove(path);
    writer.turn(1000);
    writer.turn(1000);
    const std::string text = read(path);
    CHECK(text.size() > (10 - lost) * 1000);
    CHECK(text.substr((10 - lost) * 1000)
              .starts_with(R"({"event":"lost","count":)" + std::to_string(lost)));
    CHECK_FALSE(writer.account.has_untold());
}

TEST_CASE("file delivery: nobody waits for a FIFO's reader", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("fifo");
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    CHECK(Writer(path).error.find("No such device") != std::string::npos);
    const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
    REQUIRE(reader >= 0);
    Writer writer(path);
    const std::string piece(1000, 'x');
    for (int i = 0; i < 1000 && writer.account.lost() == 0; ++i) {
        writer.put(piece);
        writer.turn();
    }
    CHECK(writer.account.sent() > 0);
    CHECK(writer.account.lost() > 0);
    CHECK(writer.notices.empty());
    close(reader);
}

TEST_CASE("file delivery: what waits at the end is lost", "[flowlog]") {
    const TemporaryDirectory folder;
    const std::string path = folder.file("log");
    Writer writer(path);
    {
        const FullDisk disk(4);
        writer.put("one\n");
        writer.put("two\n");
        writer.delivery->give_up();
    }
    CHECK(read(path) == "one\n");
    CHECK(writer.account.sent() == 1);
    CHECK(writer.account.lost() == 1);
}

TEST_CASE("file delivery: what there is no memory for is lost, and counted", "[flowlog]") {
    const TemporaryDirectory folder;
    Writer writer(folder.file("log"));
    constexpr unsigned kLines = 30;
    std::vector<Message> messages;
    for (unsigned i = 0; i < kLines; ++i)
        messages.push_back({.bytes = "a line\n", .records = 1, .period = {1000, 2000}});
    {
        const test::NoMemory none;
        for (Message& message : messages)
            writer.delivery->put(std::move(message));
    }
    const uint64_t lost = writer.account.lost();
    CHECK(lost > 0);
    writer.turn();
    CHECK(writer.account.sent() == kLines - lost);
    CHECK_FALSE(writer.delivery->has_waiting());
}

}  // namespace file_delivery_test
