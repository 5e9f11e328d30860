// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/log_writer.h"

#include "catch.h"
#include "testing/no_memory.h"

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <string>
#include <unistd.h>

namespace log_writer_test {

using namespace sluice;
using app::LogWriter;
using app::LogWriterParams;

namespace {

using Clock = std::chrono::steady_clock;

/// A pipe as small as the kernel makes them.
class Pipe {
public:
    Pipe() {
        REQUIRE(pipe2(ends_.data(), O_CLOEXEC) == 0);
        REQUIRE(fcntl(ends_[1], F_SETPIPE_SZ, 4096) == 4096);
    }
    ~Pipe() {
        close_reader();
        close_writer();
    }
    int reader() const { return ends_[0]; }
    int writer() const { return ends_[1]; }
    void close_reader() { close(0); }
    void close_writer() { close(1); }

    /// Reads until `end` has come.
    std::string read_up_to(const std::string& end) const {
        std::string text;
        std::array<char, 1024> piece;
        while (text.find(end) == std::string::npos) {
            const ssize_t count = read(reader(), piece.data(), piece.size());
            REQUIRE(count > 0);
            text.append(piece.data(), static_cast<size_t>(count));
        }
        return text;
    }

private:
    void close(size_t end) {
        if (ends_[end] >= 0)
            ::close(ends_[end]);
        ends_[end] = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

std::unique_ptr<LogWriter> start(const LogWriterParams& params) {
    auto writer = LogWriter::start(params);
    REQUIRE(writer);
    return std::move(*writer);
}

std::string line(unsigned number) {
    return "line " + std::to_string(number) + '\n';
}

}  // namespace

TEST_CASE("log writer: what is written comes out in order, the last of it at the end", "[app]") {
    const Pipe pipe;
    auto writer = start({.descriptor = pipe.writer()});
    std::string expected;
    for (unsigned i = 0; i < 100; ++i) {
        writer->write(line(i));
        expected += line(i);
    }
    writer.reset();
    CHECK(pipe.read_up_to(line(99)) == expected);
}

TEST_CASE("log writer: nobody waits for a reader that hangs, and the log says what it lost",
          "[app]") {
    const Pipe pipe;
    auto writer = start({.descriptor = pipe.writer(), .most_bytes = 4096});
    unsigned written = 0;
    while (writer->lost() == 0) {  // would never end if write() waited
        writer->write(line(written));
        ++written;
    }
    writer->write("one more\n");
    CHECK(writer->lost() == 2);

    const std::string loss = "sluice: 2 lines of this log lost here: nobody read it in time\n";
    const std::string text = pipe.read_up_to(loss);
    std::string expected;
    for (unsigned i = 0; i + 1 < written; ++i)
        expected += line(i);
    CHECK(text == expected + loss);

    writer->write("again\n");
    CHECK(pipe.read_up_to("again\n") == "again\n");
    CHECK(writer->lost() == 2);
}

TEST_CASE("log writer: a line for which there is no memory is lost, and later ones are not",
          "[app]") {
    const Pipe pipe;
    auto writer = start({.descriptor = pipe.writer()});
    const std::string sentence(1000, 'x');
    {
        const test::NoMemory none;
        writer->write_line("sluice", sentence);
    }
    CHECK(writer->lost() == 1);
    writer->write_line("sluice", "again");
    const std::string loss = "sluice: 1 line of this log lost here: nobody read it in time\n";
    CHECK(pipe.read_up_to(loss) == "sluice: again\n" + loss);
    CHECK(writer->lost() == 1);
}

TEST_CASE("log writer: lines that the descriptor does not take are lost, and later ones are not",
          "[app]") {
    std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    auto writer = start({.descriptor = pipe.writer()});
    pipe.close_reader();
    writer->write("one\ntwo\n");
    while (writer->lost() < 2)
        std::this_thread::yield();
    writer->write("three\n");
    while (writer->lost() < 3)
        std::this_thread::yield();
    CHECK(writer->lost() == 3);  // the sentence about the loss is none of the lines
}

TEST_CASE("log writer: a reader that hangs delays the end by the farewell only", "[app]") {
    Pipe pipe;
    auto writer = start({.descriptor = pipe.writer(), .farewell = std::chrono::milliseconds(50)});
    writer->write(std::string(65536, 'x') + '\n');
    const auto before = Clock::now();
    writer.reset();
    const auto waited = Clock::now() - before;
    CHECK(waited >= std::chrono::milliseconds(50));
    CHECK(waited < std::chrono::seconds(5));
    pipe.close_reader();  // ends the thread: its write fails
}

}  // namespace log_writer_test
